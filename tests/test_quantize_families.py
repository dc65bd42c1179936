"""Families, tasks, targets and opsets in int8: every layer, near the floats, alone or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import transformers
from families import make_embedder, make_family
from onnx import numpy_helper
from tiny import VOCABULARY

from edgebert.doctor import examine
from edgebert.drift import check
from edgebert.drift.gates import Thresholds
from edgebert.errors import InputError
from edgebert.export import ExportOptions, export_model, optimize_export
from edgebert.graph.saturation import can_saturate
from edgebert.inspect import inspect_path
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.made import QuantizeRecord
from edgebert.records.manifest import (
    EMBEDDINGS,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
    Quantization,
)
from edgebert.runtimes import Model, load

FOREIGN = Path(__file__).parent / "fixtures" / "foreign"
HEADS: dict[str, tuple[Any, dict[str, Any]]] = {
    "classes": (transformers.AutoModelForSequenceClassification, {"num_labels": 3}),
    "several": (
        transformers.AutoModelForSequenceClassification,
        {"num_labels": 3, "problem_type": "multi_label_classification"},
    ),
    "entities": (transformers.AutoModelForTokenClassification, {"num_labels": 5}),
    "words": (transformers.AutoModelForMaskedLM, {"vocab_size": 512}),  # a table worth int8
}
TOKEN, STATIC, DYNAMIC = (QuantizeOptions(scheme=s) for s in ("token", "static", "dynamic"))
EIGHT_BITS, FOUR_BITS = (QuantizeOptions(scheme="weight-only", bits=bits) for bits in (8, 4))
SIXTEEN_BITS = QuantizeOptions(scheme="static", activations=16)
WORDS = [word for word in VOCABULARY if word[0] not in "[#"]


@dataclass(frozen=True)
class Case:
    """A float bundle, and the schemes that it is quantized by."""

    family: str
    head: str
    export: ExportOptions
    schemes: tuple[QuantizeOptions, ...]
    nearest: float = 0.97  # mean cosine of the answers to those in floats, at 8 bits


# An export takes seconds: each of these is another family, task, target and opset.
CASES = {
    "albert": Case("albert", "words", ExportOptions(), (TOKEN, STATIC, EIGHT_BITS), 0.85),
    "deberta": Case("deberta-v2", "", ExportOptions(opset=18), (TOKEN, STATIC, DYNAMIC)),
    "modernbert": Case(
        "modernbert", "classes", ExportOptions(opset=23), (TOKEN, STATIC, EIGHT_BITS), 0.8
    ),
    "mpnet portable": Case(
        "mpnet",
        "entities",
        ExportOptions(target="portable", opset=21),
        (STATIC, DYNAMIC, EIGHT_BITS, SIXTEEN_BITS),
    ),
    "distilbert gpu": Case(
        "distilbert",
        "several",
        ExportOptions(target="gpu", precision="fp32"),
        (EIGHT_BITS, FOUR_BITS),
    ),
}
REFUSED = {
    "albert": (SIXTEEN_BITS,),
    "mpnet portable": (TOKEN, FOUR_BITS),
    "distilbert gpu": (TOKEN, STATIC, DYNAMIC),
}


def option_name(options: QuantizeOptions) -> str:
    return f"{options.scheme} {options.bits} {options.activations}"


def each(schemes: dict[str, tuple[QuantizeOptions, ...]]) -> list[Any]:
    """Parameters of a test: every case with each of some schemes."""
    return [
        pytest.param(name, options, id=f"{name} {option_name(options)}")
        for name, all_options in schemes.items()
        for options in all_options
    ]


def cases(*names: str, without: str = "") -> list[Any]:
    wanted = names or tuple(CASES)
    return each(
        {name: tuple(o for o in CASES[name].schemes if o.scheme != without) for name in wanted}
    )


@dataclass(frozen=True)
class Made:
    """A float bundle, and the int8 one that was made of it."""

    floats: Path
    bundle: Path
    record: QuantizeRecord

    @property
    def quantization(self) -> Quantization:
        found = load(self.bundle).manifest.quantization
        assert found is not None
        return found


Make = Callable[[str, QuantizeOptions], Made]


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts of the words that the tokenizer of the tests knows."""
    path = tmp_path_factory.mktemp("texts") / "calibration.txt"
    path.write_text("\n".join(sentences(80, seed=1)) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The float bundle of a case, exported once."""

    @cache
    def export(name: str) -> Path:
        case, folder = CASES[name], tmp_path_factory.mktemp("floats")
        if case.head:
            auto_class, config = HEADS[case.head]
            make_family(folder / "checkpoint", case.family, auto_class, **config)
        else:
            make_embedder(folder / "checkpoint", case.family)
        export_model(folder / "checkpoint", folder / "bundle", options=case.export)
        return folder / "bundle"

    return export


@pytest.fixture(scope="module")
def quantized(
    calibration: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path, QuantizeOptions], Made]:
    """A bundle in int8, made once."""

    @cache
    def quantize(bundle: Path, options: QuantizeOptions) -> Made:
        output = tmp_path_factory.mktemp("int8") / "bundle"
        options = replace(options, calibration=calibration)
        return Made(bundle, output, quantize_bundle(bundle, output, options=options))

    return quantize


@pytest.fixture(scope="module")
def make(
    exported: Callable[[str], Path], quantized: Callable[[Path, QuantizeOptions], Made]
) -> Make:
    return lambda name, options: quantized(exported(name), options)


def sentences(count: int, *, seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, draw.integers(2, 30))) for _ in range(count)]


def texts_for(model: Model, count: int = 24) -> list[str]:
    texts = sentences(count, seed=2)
    return [f"[MASK] {text}" for text in texts] if model.mask_token else texts


def mean_cosine(made: Made) -> float:
    """Of the answers in int8 to those in floats, one text after the other."""
    before, after = load(made.floats), load(made.bundle)
    texts = texts_for(before)
    pairs = zip(before.outputs(texts), after.outputs(texts), strict=True)
    flat = [(a.ravel(), b.ravel()) for a, b in pairs]
    return float(np.mean([a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in flat]))


def float_products(bundle: Path) -> list[str]:
    """The products whose right side is a matrix of floats, however it gets there."""
    graph = onnx.load(bundle / "model.onnx").graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    sources = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type in ("Transpose", "Identity", "Cast", "Reshape")
    }
    found = []
    for node in graph.node:
        if node.op_type in ("MatMul", "Gemm", "Attention"):
            name = node.input[1]
            while name in sources:
                name = sources[name]
            weight = constants.get(name)
            if weight is not None and weight.data_type == 1 and len(weight.dims) == 2:
                found.append(node.name)
    return found


def require_int8_throughout(made: Made) -> None:
    """All layers are as planned, and manifest, record and inspection say so."""
    layers, manifest = float_products(made.floats), load(made.bundle).manifest
    assert len(layers) >= 8
    left = [layer.name for layer in made.quantization.layers if layer.decision == "float"]
    assert float_products(made.bundle) == left
    reads_a_row = made.record.scheme == "weight-only" and manifest.target != "portable"
    head = 2 if reads_a_row and manifest.task == TEXT_CLASSIFICATION else 0
    assert len(left) == head  # MatMulNBits multiplies one row otherwise than several
    form = f"{made.record.scheme.replace('-', '_')}_matmuls"
    for part in ("quantized_matmuls", form):
        count = manifest.coverage[part]
        assert (count.expected, count.found) == (len(layers) - head, len(layers) - head), part
    assert all(count.found == count.expected for count in manifest.coverage.values())
    assert inspect_path(made.bundle).coverage == manifest.coverage == made.record.coverage
    tables = [layer for layer in made.quantization.layers if layer.decision == "int8 rows"]
    assert len(made.quantization.layers) == len(layers) + len(tables)


def largest_difference_alone(made: Made) -> float:
    """Of a text's answers alone to those in a batch of many lengths."""
    model = load(made.bundle)
    texts = texts_for(model)[:6]
    encodings = model.tokenizer.encode_batch(texts)
    longest, largest = max(len(encoding) for encoding in encodings), 0.0
    together = {entry.name: [] for entry in model.session.get_inputs()}  # type: dict[str, list[Any]]
    for encoding in encodings:
        rows = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        for name, part in together.items():
            part.append(np.pad(rows[name], (0, longest - len(encoding))))
    batch = {name: np.array(part, np.int64) for name, part in together.items()}
    whole = model.session.run(None, batch)
    for row, encoding in enumerate(encodings):
        length = sum(encoding.attention_mask)
        alone = {name: values[row : row + 1, :length] for name, values in batch.items()}
        for found, expected in zip(model.session.run(None, alone), whole, strict=True):
            same = expected[row : row + 1, : found.shape[1]]
            largest = max(largest, float(np.abs(found - same).max()))
    return largest


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


def same_model_gates(made: Made) -> dict[str, bool]:
    """What `check` says of the two; it fails where one of them is broken."""
    data = made.bundle.parent / "texts.txt"
    data.write_text("\n".join(sentences(12, seed=3)) + "\n", encoding="utf-8")
    record = check(made.floats, made.bundle, data, thresholds=Thresholds(max_drift=1.0))
    assert record.causes == ()
    return {gate.name: gate.passed for gate in record.gates}


@pytest.mark.parametrize(("name", "options"), cases())
def test_every_layer_is_as_planned(name: str, options: QuantizeOptions, make: Make) -> None:
    require_int8_throughout(make(name, options))


@pytest.mark.parametrize(("name", "options"), cases())
def test_answers_stay_near_those_in_floats(name: str, options: QuantizeOptions, make: Make) -> None:
    nearest = CASES[name].nearest if options.bits == 8 else 0.8
    assert mean_cosine(make(name, options)) > nearest


@pytest.mark.parametrize(
    ("name", "options"), cases("albert", "deberta", "modernbert", without="dynamic")
)
def test_a_text_is_answered_alone_as_among_others(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    made = make(name, options)
    assert made.quantization.batch_invariant
    assert largest_difference_alone(made) == 0


@pytest.mark.parametrize(
    ("name", "options"), each(dict.fromkeys(("albert", "deberta", "modernbert"), (TOKEN, STATIC)))
)
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


@pytest.mark.parametrize(("name", "options"), cases("albert"))
def test_an_albert_keeps_one_copy_of_its_int8_weights(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    graph = onnx.load(make(name, options).bundle / "model.onnx").graph
    arrays = [numpy_helper.to_array(tensor) for tensor in graph.initializer]
    small = [array for array in arrays if array.dtype in (np.int8, np.uint8) and array.size > 1]
    # the table; from 32 to 64; query, key and value; after attention; up; down; both of the head
    assert len(small) == 8
    assert len({array.tobytes() for array in small}) == 8


@pytest.mark.parametrize(
    ("name", "options"), each({name: case.schemes[:1] for name, case in CASES.items()})
)
def test_check_and_doctor_know_the_model(name: str, options: QuantizeOptions, make: Make) -> None:
    made = make(name, options)
    gates, model = same_model_gates(made), load(made.bundle)
    assert gates["same body"]
    assert gates.get("same head", True)
    assert examine(made.bundle).passed
    if model.task == EMBEDDINGS:
        assert model.embed(["turn on the lamp", "off"]).shape == (2, 64)
    if model.task == TEXT_CLASSIFICATION:
        assert set(model.classify("turn on the lamp").scores) == set(model.labels)
    if model.task == TOKEN_CLASSIFICATION:
        assert isinstance(model.tag("anna is in paris"), list)


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


@pytest.mark.parametrize(("name", "options"), cases("mpnet portable", "distilbert gpu"))
def test_a_target_gets_operators_that_it_has(
    name: str, options: QuantizeOptions, make: Make
) -> None:
    graph = onnx.load(make(name, options).bundle / "model.onnx").graph
    domains = {node.domain for node in graph.node}
    assert domains == ({"", "com.microsoft"} if name.endswith("gpu") else {""})


@pytest.mark.parametrize(("name", "options"), each(REFUSED))
def test_what_a_target_cannot_run_is_refused_in_one_line(
    name: str, options: QuantizeOptions, exported: Callable[[str], Path], tmp_path: Path
) -> None:
    bundle = exported(name)
    with pytest.raises(InputError, match=r"target|opset") as caught:
        quantize_bundle(bundle, tmp_path / "int8", options=options)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# exports of other tools


@pytest.mark.parametrize("options", [TOKEN, STATIC], ids=option_name)
@pytest.mark.parametrize("name", ["sentence-transformers", "transformers-js"])
def test_what_another_tool_exported_becomes_int8(
    name: str,
    options: QuantizeOptions,
    optimized: Callable[[str], Path],
    quantized: Callable[[Path, QuantizeOptions], Made],
) -> None:
    made = quantized(optimized(name), options)
    require_int8_throughout(made)
    assert mean_cosine(made) > 0.99
    assert examine(made.bundle).passed


@pytest.fixture(scope="module")
def optimized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder of `FOREIGN` as a bundle, made once."""

    @cache
    def optimize(name: str) -> Path:
        output = tmp_path_factory.mktemp("optimized") / name
        optimize_export(FOREIGN / name, output)
        return output

    return optimize
