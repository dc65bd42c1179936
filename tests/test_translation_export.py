"""A translator becomes two graphs that answer as PyTorch does, or it does not become a bundle."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from safetensors.torch import load_file, save_file
from translators import make_translator

import edgebert
from edgebert.bundle import ModelFiles, open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.errors import CheckpointError
from edgebert.export import ExportOptions, export_model
from edgebert.export.options import settle
from edgebert.export.parity.cases import default_atol, failed_parity
from edgebert.export.parity.comparison import compare
from edgebert.export.translation.decoder_runs import run_in_parts
from edgebert.export.translation.parity import TranslatorParity
from edgebert.export.translation.tracing import GRAPHS
from edgebert.export.translation.translator import ExportedTranslator
from edgebert.records.made import ExportRecord, ParityCase
from edgebert.records.manifest import Writing
from edgebert.references.pytorch_translator import CheckpointTranslator
from edgebert.runtimes.golden import run_golden


@pytest.fixture(scope="module")
def reference(tiny_translator: Path) -> CheckpointTranslator:
    return CheckpointTranslator(open_checkpoint(tiny_translator))


@pytest.fixture(scope="module")
def parity(reference: CheckpointTranslator, tiny_translator_bundle: Path) -> TranslatorParity:
    return TranslatorParity(reference, open_bundle(tiny_translator_bundle))


@pytest.fixture(scope="module")
def decoder(tiny_translator_bundle: Path) -> onnx.ModelProto:
    return onnx.load(tiny_translator_bundle / "decoder.onnx")


Off = Callable[[onnx.ModelProto], dict[str, float]]


@pytest.fixture(scope="module")
def off(parity: TranslatorParity) -> Off:
    """By how much of what is allowed a decoder's graph is off in each batch."""
    expected = [parity.ask(batch) for batch in parity.targets]

    def run(model: onnx.ModelProto) -> dict[str, float]:
        session = onnxruntime.InferenceSession(model.SerializeToString())
        names, reading = parity.writing.names, parity.writing
        cases = [
            compare(one, run_in_parts(session, names, one.batch), reading, "") for one in expected
        ]
        atol = default_atol("fp32", cases)
        return {case.name: case.badness / atol for case in cases}

    return run


def changed(model: onnx.ModelProto, change: Callable[[onnx.GraphProto], object]) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    change(copy.graph)
    return copy


def test_a_right_decoder_is_near_in_every_batch(decoder: onnx.ModelProto, off: Off) -> None:
    assert max(off(decoder).values()) < 1


def test_every_parameter_of_the_decoder_matters(decoder: onnx.ModelProto, off: Off) -> None:
    weights = [t for t in decoder.graph.initializer if t.name.startswith("decoder.")]
    weights = [t for t in weights if t.data_type == onnx.TensorProto.FLOAT]
    assert len(weights) == 3 + 2 * 18  # of both layers 8 of attention, 6 of norms and 4 more
    for weight in weights:

        def zero(graph: onnx.GraphProto, name: str = weight.name) -> None:
            tensor = next(t for t in graph.initializer if t.name == name)
            values = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(np.zeros_like(values), name))

        assert max(off(changed(decoder, zero)).values()) > 10, weight.name


def read_instead(
    operator: str, place: int, value: Any, of: str
) -> Callable[[onnx.GraphProto], None]:
    """Let every node of a kind that reads `of` read a constant in the place of an input."""

    def change(graph: onnx.GraphProto) -> None:
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), "wrong"))
        (node,) = [n for n in graph.node if n.op_type == operator and of in n.input]
        node.input[place] = "wrong"

    return change


RAGGED = {"pasts of different lengths", "beams with pasts of different lengths"}
ALONE = {f"target of {tokens}" for tokens in (1, 2, 3, 15, 16, 17, 127)}


@pytest.mark.parametrize(
    ("change", "wrong", "right"),
    [
        # all of the past is seen, whatever its length
        (read_instead("Less", 1, [[999]], "arange"), RAGGED, ALONE),
        # later tokens are seen
        (read_instead("LessOrEqual", 1, [[999]], "unsqueeze_4"), {"target of 2"}, {"target of 1"}),
        # padding of a source is seen
        (
            read_instead("Cast", 0, np.ones((1, 1), np.int64), "source_mask"),
            {"targets beside each other"},
            ALONE,
        ),
        # every call begins at the first place
        (
            read_instead("Unsqueeze", 0, np.zeros(1, np.int64), "past_lengths"),
            {"a token at a time", "in parts"},
            ALONE,
        ),
    ],
)
def test_a_mistake_is_told_by_the_batch_that_is_about_it(
    change: Callable[[onnx.GraphProto], None],
    wrong: set[str],
    right: set[str],
    decoder: onnx.ModelProto,
    off: Off,
) -> None:
    found = off(changed(decoder, change))
    assert all(found[name] > 10 for name in wrong)
    assert all(found[name] < 1 for name in right)


def test_the_bundle_says_what_is_in_it(tiny_translator_bundle: Path) -> None:
    manifest = open_bundle(tiny_translator_bundle).manifest
    assert manifest.writing == Writing(layers=2, heads=2, head_width=24, vocabulary=380)
    assert manifest.outputs == ("log_probabilities",)
    assert {part: count.found for part, count in manifest.coverage.items()} == {
        "attention": 2,  # of the encoder; a decoder's is of standard operators
        "qkv": 2,
        "layer_norm": 5 + 7,
        "gelu": 2,
    }
    for name in GRAPHS.values():
        model = onnx.load(tiny_translator_bundle / name)
        onnx.checker.check_model(model, full_check=True)
        operators = Counter(node.op_type for node in model.graph.node)
        assert operators["If"] == operators["Loop"] == 0


def test_no_weight_is_stored_twice(decoder: onnx.ModelProto) -> None:
    tensors = [numpy_helper.to_array(tensor) for tensor in decoder.graph.initializer]
    matrices = [values for values in tensors if values.ndim == 2 and values.size > 100]
    assert [values.shape for values in matrices].count((380, 48)) == 1
    assert not any(values.shape == (48, 380) for values in matrices)
    sums = sorted(float(np.abs(values).sum(dtype=np.float64)) for values in matrices)
    assert len(set(sums)) == len(sums)
    read = [node for node in decoder.graph.node if "decoder.embedding.weight" in node.input]
    assert sorted(node.op_type for node in read) == ["Gather", "Transpose"]


def test_what_lies_behind_a_row_and_who_stands_beside_it_change_no_bit(
    parity: TranslatorParity, decoder: onnx.ModelProto
) -> None:
    """Widths of a past and of a source are multiples of 16, as the runtime makes them."""
    session = onnxruntime.InferenceSession(decoder.SerializeToString())
    random = np.random.default_rng(1)
    source = parity.targets[-1].sources
    places = [place % len(source.mask) for place in range(9)]
    lengths = np.array([5, 0, 30, 2, 17, 9, 1, 16, 3])
    ids = random.integers(3, 380, (9, 1))
    past = random.standard_normal((4, 9, 2, 32, 24)).astype(np.float32)

    def wide(values: Any, width: int, axis: int) -> Any:
        short = [(0, 0)] * values.ndim
        short[axis] = (0, width - values.shape[axis])
        return np.pad(values, short, constant_values=0 if values.dtype == np.int64 else 3.0)

    def run(rows: list[int], width: int, read: int) -> list[Any]:
        given = {
            name: wide(values[[places[row] for row in rows]], read, 2)
            for name, values in source.cross.items()
        }
        for number, kept in enumerate(past):
            name = f"past_{('key', 'value')[number % 2]}.{number // 2}"
            given[name] = wide(kept[rows], width, 2)
            for row, of in enumerate(rows):
                given[name][row, :, lengths[of] :] = random.standard_normal()
        given["source_mask"] = wide(source.mask[[places[row] for row in rows]], read, 1)
        answers = session.run(
            None, {"input_ids": ids[rows], "past_lengths": lengths[rows], **given}
        )
        return [answer[rows.index(2)] for answer in answers]

    expected = run([2], 32, 80)
    for rows, width, read in (
        ([2, 0], 32, 80),
        ([0, 1, 2], 48, 80),
        (list(range(9)), 64, 96),
        (list(range(9))[::-1], 32, 128),
    ):
        found = run(rows, width, read)
        assert all(map(np.array_equal, found, expected))


@pytest.mark.parametrize("family", ["distilbert", "deberta-v2"])
def test_an_encoder_of_any_family_is_exported_with_its_decoder(family: str, tmp_path: Path) -> None:
    """One without token types, and one with attention of its own."""
    folder = make_translator(tmp_path / family, family, layers=1, activation="gelu")
    checkpoint = open_checkpoint(folder)
    exported = ExportedTranslator(checkpoint, settle(ExportOptions(), checkpoint.max_length))
    (tmp_path / "bundle").mkdir()
    written = exported.write_graphs(tmp_path / "bundle")
    assert written.lost == []
    assert written.coverage["attention"].found == 2
    manifest = exported.manifest(tmp_path / "bundle", "", written)
    parity = exported.parity(ModelFiles(tmp_path / "bundle", manifest))
    cases = ours(parity)
    assert failed_parity(cases, parity.allowed_difference(cases)) == []


def ours(parity: TranslatorParity) -> tuple[ParityCase, ...]:
    """The comparisons under edgebert's own settings."""
    return tuple(case for case in parity.cases() if case.session == "edgebert's settings")


@pytest.fixture(scope="module")
def trimmed(tiny_translator: Path, tmp_path_factory: pytest.TempPathFactory) -> ExportRecord:
    """Of standard operators of an older version, for a corpus of a few words."""
    folder = tmp_path_factory.mktemp("trimmed")
    pairs = ("source\ttarget", "The lamp is on.\tlate", "Anna and Ben are in Paris.\tlate")
    (folder / "corpus.tsv").write_text("\n".join(pairs))
    options = ExportOptions(
        target="portable", opset=18, trim_vocabulary=folder / "corpus.tsv", max_length=40
    )
    return export_model(tiny_translator, folder / "bundle", options=options)


def test_a_portable_translator_has_standard_operators_alone(trimmed: ExportRecord) -> None:
    assert trimmed.target == "portable"
    bundle = open_bundle(trimmed.bundle)
    assert bundle.manifest.opset == 18
    assert bundle.manifest.max_length == 40
    for path in bundle.graph_paths:
        model = onnx.load(path)
        assert {node.domain for node in model.graph.node} == {""}
        assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]


def test_a_trimmed_translator_reads_with_fewer_pieces_and_writes_with_all(
    trimmed: ExportRecord, tiny_translator_bundle: Path
) -> None:
    kept = trimmed.trimmed_vocabulary
    assert kept is not None
    assert kept.texts == 2
    assert kept.kept < kept.pieces
    pieces = json.loads((Path(trimmed.bundle) / "tokenizer.json").read_text())["model"]["vocab"]
    assert "lamp" in pieces
    assert "late" not in pieces  # which stands in the targets alone
    small, whole = edgebert.load(trimmed.bundle), edgebert.load(tiny_translator_bundle)
    encoder = onnx.load(Path(trimmed.bundle) / "encoder.onnx").graph
    assert kept.kept in {tensor.dims[0] for tensor in encoder.initializer if len(tensor.dims) == 2}
    assert small.manifest.writing == whole.manifest.writing
    texts = ["the lamp is on", "anna and ben are in paris", "the lamp on"]
    for found, expected in zip(small.outputs(texts), whole.outputs(texts), strict=True):
        assert np.array_equal(found[:, 0], expected[:, 0])
        assert np.allclose(found[:, 1], expected[:, 1], atol=1e-3)


def test_the_record_tells_of_both_graphs(trimmed: ExportRecord) -> None:
    assert trimmed.passed
    assert trimmed.task == "translation"
    names = {case.name for case in trimmed.parity}
    assert {"right padding", "a token at a time", "4 beams of a source", "what is written"} <= names
    assert len({case.session for case in trimmed.parity}) == 6
    assert all(case.max_abs <= trimmed.atol for case in trimmed.parity)
    assert {"cross_key.0", "log_probabilities"} <= {case.output for case in trimmed.parity}
    assert trimmed.fingerprint == str(open_bundle(trimmed.bundle).fingerprint())


def test_golden_answers_are_those_of_the_search(
    tiny_translator_bundle: Path, reference: CheckpointTranslator
) -> None:
    model = edgebert.load(tiny_translator_bundle)
    assert all(answer.passed for answer in run_golden(model))
    golden = open_bundle(tiny_translator_bundle).golden()
    written = reference.outputs([text.text for text in golden.texts])
    ends = 0
    for text, expected in zip(golden.texts, written, strict=True):
        found = np.asarray(text.expected)
        assert np.array_equal(found[:, 0], expected[:, 0])
        assert np.allclose(found[:, 1], expected[:, 1], atol=1e-3)
        ends += found[-1, 0] == 2
    assert 0 < ends < len(golden.texts)
    assert len({tuple(row[:, 0]) for row in written}) > len(written) / 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"target": "gpu"}, "--target gpu is not there for a translator, which has two graphs"),
        ({"target": "npu"}, "--target npu is not there for a translator, .* take --target cpu or"),
        ({"precision": "fp16"}, "--precision fp16 is not there for a translator, .* fp32"),
        ({"ids": "int32"}, "--ids int32 is not there for a translator, .* int64"),
        ({"fixed_shape": (1, 16)}, "--fixed-shape is for --target npu"),
        ({"max_length": 2}, "max length 2 is outside"),
        ({"task": "feature-extraction"}, "was trained for translation, not for feature-extraction"),
        ({"task": "fill-mask"}, "was trained for translation, not for fill-mask"),
    ],
)
def test_what_a_translator_does_not_have_is_told_in_a_line(
    options: dict[str, Any], told: str, tiny_translator: Path, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=told) as caught:
        export_model(tiny_translator, tmp_path / "bundle", options=ExportOptions(**options))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "bundle").exists()


@pytest.fixture
def spoiled(tiny_translator: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(tiny_translator, tmp_path / "spoiled"))


def drop_pieces(folder: Path) -> None:
    path = folder / "tokenizer_target.json"
    told = json.loads(path.read_text())
    vocab = sorted(told["model"]["vocab"].items(), key=lambda item: item[1])[:-3]
    told["model"]["vocab"] = dict(vocab)
    merges = told["model"]["merges"]
    told["model"]["merges"] = [m for m in merges if "".join(m) in told["model"]["vocab"]]
    path.write_text(json.dumps(told))


def drop_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["decoder.layers.1.cross.key.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop_pieces, "writes with 380 pieces, and its tokenizer_target.json has 377"),
        (drop_weight, "has no fitting weights for decoder.layers.1.cross.key.weight"),
        (lambda folder: (folder / "tokenizer_target.json").unlink(), "is no tokenizer that can be"),
    ],
)
def test_a_damaged_translator_is_told_in_a_line(
    change: Callable[[Path], object], told: str, spoiled: Path, tmp_path: Path
) -> None:
    change(spoiled)
    with pytest.raises(CheckpointError, match=told) as caught:
        export_model(spoiled, tmp_path / "bundle")
    assert "\n" not in str(caught.value)


def test_axes_that_are_alike_have_one_name(tiny_translator_bundle: Path) -> None:
    names = {}
    for file in GRAPHS.values():
        graph = onnx.load(tiny_translator_bundle / file).graph
        for value in (*graph.input, *graph.output):
            dims = value.type.tensor_type.shape.dim
            names[file, value.name.partition(".")[0]] = [d.dim_param or d.dim_value for d in dims]
    source = ["sources", "source_tokens"]
    crossing = ["sources", 2, "source_tokens", 24]
    assert names == {
        ("encoder.onnx", "input_ids"): source,
        ("encoder.onnx", "attention_mask"): source,
        ("encoder.onnx", "token_type_ids"): source,
        ("encoder.onnx", "cross_key"): crossing,
        ("encoder.onnx", "cross_value"): crossing,
        ("decoder.onnx", "input_ids"): ["rows", "tokens"],
        ("decoder.onnx", "past_lengths"): ["rows"],
        ("decoder.onnx", "past_key"): ["rows", 2, "past", 24],
        ("decoder.onnx", "past_value"): ["rows", 2, "past", 24],
        ("decoder.onnx", "cross_key"): crossing,
        ("decoder.onnx", "cross_value"): crossing,
        ("decoder.onnx", "source_mask"): source,
        ("decoder.onnx", "log_probabilities"): ["rows", "tokens", 380],
        ("decoder.onnx", "present_key"): ["rows", 2, "tokens", 24],
        ("decoder.onnx", "present_value"): ["rows", 2, "tokens", 24],
    }
