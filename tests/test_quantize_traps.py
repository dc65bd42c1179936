"""Known traps of int8, each with a proof that it is there and that our bundles are clear of it."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from cpus import CPUS, running_on
from handmade import LEVELS, WIDTH, Floats, draw, model_of, nodes_of, run
from tiny import VOCABULARY

from edgebert.data import Text
from edgebert.onnx_graph.parts import STATIC, TOKEN, matmul_forms
from edgebert.onnx_graph.reading import read_graph
from edgebert.onnx_graph.saturation import can_saturate
from edgebert.onnx_graph.weights import read_tensors
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.quantize.forms.activation_samples import sample_activations
from edgebert.quantize.forms.activations import ActivationSample
from edgebert.quantize.forms.prepared_graph import prepare_graph
from edgebert.runtimes import Model, load
from edgebert.runtimes.batches import pad
from edgebert.text.encoding import encode

TEXTS = ["turn on the lamp", "off", "anna is in paris , ben is in berlin", "开灯 please", ""]


@pytest.fixture(scope="module")
def static(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("static") / "int8"
    quantize_bundle(tiny_bundle, output, options=QuantizeOptions(scheme=STATIC))
    return output


@pytest.fixture(scope="module")
def vnni(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("vnni") / "int8"
    quantize_bundle(tiny_bundle, output, options=QuantizeOptions(scheme=TOKEN, isa="vnni"))
    return output


def weights_of(bundle: Path) -> dict[str, np.ndarray]:
    tensors = read_tensors(bundle / "model.onnx")
    return {name: tensors[name] for name in tensors if name.endswith("_quantized")}


def is_widened(model: Model) -> bool:
    options = model.session.get_session_options()
    try:
        return bool(options.get_session_config_entry("session.x64quantprecision") == "1")
    except RuntimeError:  # it was not set
        return False


# 1. a scale for each row multiplies the bias of MatMulIntegerToFloat


@pytest.mark.parametrize("level", LEVELS)
def test_onnxruntime_multiplies_the_bias_by_the_scale_of_the_row(level: str) -> None:
    """The day this fails, the bias can go into the operator."""
    codes = np.random.default_rng(0).integers(0, 256, (6, WIDTH)).astype(np.uint8)
    values = np.random.default_rng(1).integers(-50, 51, (WIDTH, 16)).astype(np.int8)
    scales, bias = np.linspace(0.01, 0.2, 6, dtype=np.float32)[:, None], draw(16, seed=2)
    model = model_of(
        "y = com.microsoft.MatMulIntegerToFloat (a, w, a_scale, w_scale, zero, , bias)",
        {"w_scale": np.full(16, 0.02), "bias": bias},
        inputs=f"uint8[n, {WIDTH}] a, float[n, one] a_scale",
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(values, "w"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.uint8(128), "zero"))
    (found,) = run(model, level=level, a=codes, a_scale=scales)
    product = (codes.astype(np.int32) - 128) @ values.astype(np.int32)
    exact = product * scales * np.float32(0.02)
    np.testing.assert_allclose(found, exact + bias * scales, rtol=1e-4, atol=1e-4)
    assert np.abs(found - (exact + bias)).max() > 0.5


@pytest.mark.parametrize("level", LEVELS)
def test_a_plain_session_gets_the_right_answers_at_every_level(
    level: str, tiny_bundle: Path, tiny_int8: Path, static: Path
) -> None:
    expected = load(tiny_bundle).embed(TEXTS)
    for bundle in (tiny_int8, static):
        model = load(bundle)
        inputs: dict[str, Any] = pad(encode(model.tokenizer, TEXTS), model.input_spec)
        graph, outputs = bundle / "model.onnx", ["sentence_embedding"]
        (found,) = run(graph, outputs=outputs, level=level, **inputs)
        assert (found * expected).sum(axis=1).min() > 0.97
        assert (found * model.embed(TEXTS)).sum(axis=1).min() > 0.9999


# 2. contrib operators hide activations from other quantizers


def test_no_layer_behind_a_contrib_operator_is_left_out(tiny_int8: Path, static: Path) -> None:
    assert matmul_forms(read_graph(tiny_int8 / "model.onnx")) == {TOKEN: 8}
    assert matmul_forms(read_graph(static / "model.onnx")) == {STATIC: 8}


# 3. sums of u8 x s8 saturate on CPUs without VNNI


def test_no_weight_can_saturate_unless_it_was_asked_for(
    tiny_int8: Path, static: Path, vnni: Path
) -> None:
    for bundle in (tiny_int8, static):
        assert len(weights_of(bundle)) == 8
        assert not any(map(can_saturate, weights_of(bundle).values()))
    assert any(map(can_saturate, weights_of(vnni).values()))


@pytest.mark.parametrize("name", ["any", "vnni"])
def test_the_manifest_says_where_sums_are_right_and_the_session_follows(
    name: str, tiny_int8: Path, vnni: Path, tmp_path: Path
) -> None:
    with running_on("x86_64-avx2", tmp_path):
        model = load({"any": tiny_int8, "vnni": vnni}[name])
    assert model.manifest.quantization is not None
    assert model.manifest.quantization.isa == name
    layers = model.manifest.quantization.layers
    lost = [layer.saturation for layer in layers if layer.decision != "int8 rows"]
    assert None not in lost
    assert any(lost) == (name == "vnni")
    assert model.bundle.widens_weights == (name == "vnni")
    assert is_widened(model) == (name == "vnni")


@pytest.mark.parametrize("cpu_class", CPUS)
def test_weights_are_widened_only_where_the_cpu_has_no_vnni(
    cpu_class: str, vnni: Path, tmp_path: Path
) -> None:
    with running_on(cpu_class, tmp_path):
        assert is_widened(load(vnni)) == ("vnni" not in CPUS[cpu_class].flags)


def test_widened_weights_change_no_answer_that_is_right_without(
    vnni: Path, tiny_dynamic_int8: Path, tmp_path: Path
) -> None:
    """Where sums are right without, as with VNNI, none; where they are not, they are with them."""
    for bundle in (vnni, tiny_dynamic_int8):
        here = load(bundle).embed(TEXTS)
        with running_on("x86_64-avx2", tmp_path):
            model = load(bundle)
            assert is_widened(model)
            np.testing.assert_array_equal(here, model.embed(TEXTS))


def test_a_bundle_of_the_full_range_is_right_in_our_session(tiny_bundle: Path, vnni: Path) -> None:
    cosines = (load(tiny_bundle).embed(TEXTS) * load(vnni).embed(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.97


# 4. signed activations take a slow kernel


def test_activations_are_unsigned_and_weights_signed(tiny_int8: Path, static: Path) -> None:
    for bundle in (tiny_int8, static):
        model = onnx.load(bundle / "model.onnx")
        kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
        zero_points = {kinds[node.input[2]] for node in nodes_of(model, "QuantizeLinear")}
        assert zero_points == {onnx.TensorProto.UINT8}
        assert {array.dtype.name for array in weights_of(bundle).values()} == {"int8"}


# 5. calibration that keeps every activation, padding among them


def short_texts(count: int) -> Iterator[str]:
    words = [word for word in VOCABULARY if word.isalpha()]
    pairs = itertools.cycle(itertools.product(words, words[:7]))
    return (" ".join(pair) for pair in itertools.islice(pairs, count))


def sampled(
    bundle: Path, texts: Iterable[Text], scratch: Path, *, seed: int = 0, values: int = 99
) -> dict[str, ActivationSample]:
    """What `texts` show of the inputs of the layers of a bundle, or of the first `values`."""
    graph = prepare_graph(bundle / "model.onnx")
    names = list(dict.fromkeys(value for group in graph.groups for value in group.values))
    model = load(bundle)
    return sample_activations(graph.model, names[:values], texts, model, scratch, seed=seed)


def test_what_calibration_keeps_does_not_grow_with_the_texts(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    peaks, sizes = [], []
    for count in (2_000, 50_000):
        tracemalloc.start()
        samples = sampled(tiny_bundle, short_texts(count), tmp_path, values=2)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        sizes.append([sample.rows.nbytes for sample in samples.values()])
        assert all(sample.tokens > 3 * count for sample in samples.values())
    assert sizes[0] == sizes[1]
    assert peaks[1] < 1.1 * peaks[0]


def moments(sample: ActivationSample) -> list[Floats]:
    """What does not depend on the order of the rows, nor on the last bits of any."""
    rows = sample.rows.astype(np.float32)
    return [sample.lowest, sample.highest, rows.mean(axis=0), rows.T @ rows / len(rows)]


@pytest.mark.parametrize("task", ["embedder", "classifier"])
def test_padding_is_left_out_of_the_statistics(
    task: str, tiny_bundle: Path, tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    bundle = tiny_bundle if task == "embedder" else tiny_classifier_bundle
    together = sampled(bundle, TEXTS, tmp_path)
    one_by_one = [sampled(bundle, [text], tmp_path) for text in TEXTS]
    lengths = [len(encoding) for encoding in encode(load(bundle).tokenizer, TEXTS)]
    assert len(set(lengths)) > 3  # so there was padding
    for value, sample in together.items():
        parts = [samples[value] for samples in one_by_one]
        of_texts = sample.one_row
        assert sample.tokens == len(sample.rows) == (len(TEXTS) if of_texts else sum(lengths))
        rows = np.concatenate([part.rows for part in parts])
        lowest = np.minimum.reduce([part.lowest for part in parts])
        highest = np.maximum.reduce([part.highest for part in parts])
        alone = ActivationSample(rows, lowest, highest, len(rows), sample.one_row)
        for found, expected in zip(moments(sample), moments(alone), strict=True):
            np.testing.assert_allclose(found, expected, atol=2e-3, rtol=2e-3)
    assert {sample.one_row for sample in together.values()} == (
        {False} if task == "embedder" else {False, True}
    )


def test_all_values_keep_the_same_tokens_and_a_seed_draws_them(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgebert.quantize.forms.activation_samples._ROWS", 256)
    texts = list(short_texts(200))
    one, same, other = (sampled(tiny_bundle, texts, tmp_path, seed=seed) for seed in (0, 0, 1))
    for value, sample in one.items():
        assert sample.rows.shape[0] == 256 < sample.tokens
        assert np.array_equal(sample.rows, same[value].rows)
        assert not np.array_equal(sample.rows, other[value].rows)


# 6. smoothing that changes the residual


def test_what_layers_are_multiplied_by_stays_out_of_the_norms(
    tiny_bundle: Path, tiny_int8: Path, static: Path
) -> None:
    floats = read_tensors(tiny_bundle / "model.onnx")
    norms = [name for name in floats if "LayerNorm" in name]
    assert len(norms) == 10
    for bundle in (tiny_int8, static):
        kept = read_tensors(bundle / "model.onnx")
        assert all(np.array_equal(kept[name], floats[name]) for name in norms)


# 7. one scale for a whole weight


def test_each_output_of_a_weight_has_a_scale_of_its_own(
    tiny_int8: Path, static: Path, tiny_dynamic_int8: Path
) -> None:
    for bundle in (tiny_int8, static, tiny_dynamic_int8):
        tensors = read_tensors(bundle / "model.onnx")
        for name, values in weights_of(bundle).items():
            scales = tensors[f"{name.removesuffix('_quantized')}_scale"]
            assert scales.shape == values.shape[1:]
            assert len(np.unique(scales)) > 1
