"""Families in int8 on the CPU: every layer, near the floats, a text alone as among others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from int8_models import (
    DYNAMIC,
    EIGHT_BITS,
    STATIC,
    TOKEN,
    Case,
    Made,
    Make,
    each,
    export_case,
    largest_difference_alone,
    maker,
    mean_cosine,
    require_int8_throughout,
    same_model_gates,
)
from kernel_answers import operators, require_alike
from onnx import numpy_helper

from edgebert.doctor import examine
from edgebert.export import ExportOptions
from edgebert.onnx_graph.saturation import can_saturate
from edgebert.quantize import QuantizeOptions
from edgebert.runtimes import load

# An export takes seconds: each of these is another family, task and opset.
CASES = {
    "albert": Case("albert", "words", ExportOptions(), (TOKEN, STATIC, EIGHT_BITS), 0.85),
    "deberta": Case("deberta-v2", "", ExportOptions(opset=18), (TOKEN, STATIC, DYNAMIC)),
    "modernbert": Case(
        "modernbert", "classes", ExportOptions(opset=23), (TOKEN, STATIC, EIGHT_BITS), 0.8
    ),
}
EVERY = each({name: case.schemes for name, case in CASES.items()})
ALONE = each({name: tuple(o for o in case.schemes if o != DYNAMIC) for name, case in CASES.items()})


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def floats(name: str) -> Path:
        return export_case(CASES[name], tmp_path_factory.mktemp("floats"))

    return maker(floats, tmp_path_factory)


def answers(made: Made, level: Any) -> list[np.ndarray]:
    """All outputs, by a reader that sets nothing but how far onnxruntime rewrites the graph."""
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level, settings.log_severity_level = level, 3
    settings.add_session_config_entry(
        "optimization.disable_specified_optimizers", "SkipLayerNormFusion"
    )  # which sums in another order, so that a rounding may tip
    session = onnxruntime.InferenceSession(
        str(made.bundle / "model.onnx"), settings, providers=["CPUExecutionProvider"]
    )
    ids = np.random.default_rng(0).integers(5, 60, (3, 24))
    given = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    given["token_type_ids"] = np.zeros_like(ids)
    return [
        np.asarray(output)
        for output in session.run(None, {i.name: given[i.name] for i in session.get_inputs()})
    ]


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_every_layer_is_as_planned(name: str, options: QuantizeOptions, make: Make) -> None:
    require_int8_throughout(make(name, options))


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_answers_stay_near_those_in_floats(name: str, options: QuantizeOptions, make: Make) -> None:
    assert mean_cosine(make(name, options)) > CASES[name].nearest


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_kernels_answer_alike(name: str, options: QuantizeOptions, make: Make) -> None:
    made = make(name, options)
    ours = options in (TOKEN, STATIC)  # else onnxruntime rounds, by operators of its own
    rewritten = require_alike(made.bundle / "model.onnx", least=0.99 if ours else 0.95)
    counts, layers = operators(rewritten), {layer.name for layer in made.quantization.layers}
    assert (counts["Embedding"], counts["SelfAttention"]) == (1, 2)
    assert layers.isdisjoint(rewritten.left) == ours


@pytest.mark.parametrize(("name", "options"), ALONE)
def test_a_text_is_answered_alone_as_among_others(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    made = make(name, options)
    assert made.quantization.batch_invariant
    assert largest_difference_alone(made) == 0


@pytest.mark.parametrize(("name", "options"), each(dict.fromkeys(CASES, (TOKEN, STATIC))))
def test_sums_that_fit_are_alike_however_onnxruntime_rewrites_the_graph(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    made, levels = make(name, options), onnxruntime.GraphOptimizationLevel
    assert made.quantization.isa == "any"
    graph = onnx.load(made.bundle / "model.onnx").graph
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    weights = {name: stored[name] for name in stored if name.endswith("_quantized")}
    assert weights
    assert not [name for name, weight in weights.items() if can_saturate(weight)]
    plain = answers(made, levels.ORT_DISABLE_ALL)
    for level in (levels.ORT_ENABLE_BASIC, levels.ORT_ENABLE_EXTENDED, levels.ORT_ENABLE_ALL):
        for found, expected in zip(answers(made, level), plain, strict=True):
            assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize(("name", "options"), each({"albert": CASES["albert"].schemes}))
def test_an_albert_keeps_one_copy_of_its_int8_weights(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    graph = onnx.load(make(name, options).bundle / "model.onnx").graph
    arrays = [numpy_helper.to_array(tensor) for tensor in graph.initializer]
    small = [array for array in arrays if array.dtype in (np.int8, np.uint8) and array.size > 1]
    # the table; from 32 to 64; query, key and value; after attention; up; down; both of the head
    assert len(small) == 8
    assert len({array.tobytes() for array in small}) == 8


@pytest.mark.parametrize(("name", "options"), each(dict.fromkeys(CASES, (TOKEN,))))
def test_check_and_doctor_know_the_model(name: str, options: QuantizeOptions, make: Make) -> None:
    made = make(name, options)
    gates, model = same_model_gates(made), load(made.bundle)
    assert gates["same body"]
    assert gates.get("same head", True)
    assert examine(made.bundle).passed
    if name == "deberta":
        assert model.embed(["turn on the lamp", "off"]).shape == (2, 64)
    if name == "modernbert":
        assert set(model.classify("turn on the lamp").scores) == set(model.labels)


def test_the_table_of_words_is_in_int8_for_looking_up_and_for_decoding(make: Make) -> None:
    made = make("albert", TOKEN)
    (table,) = [layer for layer in made.quantization.layers if layer.decision == "int8 rows"]
    assert table.name == "model.predictions.decoder.weight"  # tied to the table of words
    kinds = {
        tensor.name: tensor.data_type
        for tensor in onnx.load(made.bundle / "model.onnx").graph.initializer
        if sorted(tensor.dims) == [32, 512]
    }
    assert set(kinds.values()) == {onnx.TensorProto.INT8}
    assert len(kinds) == 2
