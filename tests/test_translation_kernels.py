"""A translator that kernels run: what of its graphs they take, and the bits that they promise."""

from __future__ import annotations

import pickle
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from kernel_answers import answers, kernel_answers, library_answers, operators
from onnx import helper
from translators import pairs

from edgebert.errors import ProviderError
from edgebert.quantize import add_kernels
from edgebert.records.fingerprint import Fingerprint
from edgebert.records.made import KernelsRecord
from edgebert.runtimes import Model, load
from edgebert.runtimes.golden import run_golden
from edgebert.runtimes.kernels.library import KernelLibrary
from edgebert.runtimes.kernels.rewriting import rewrite_for_kernels

Feeds = dict[str, npt.NDArray[Any]]

TEXTS = [source for source, _ in pairs()[:12]]
STEP = ["log_probabilities", "candidates", "candidate_tokens"]
WHOLE_DECODER = {
    "Linear": 2 * 6 + 1,
    "PastAttention": 2,
    "SourceAttention": 2,
    "TargetEmbedding": 1,
    "LogProbabilities": 1,
}


@pytest.fixture(scope="module")
def measured(
    tiny_translator_bundle: Path,
    tiny_translator_int8: Path,
    kernels: KernelLibrary,
    tmp_path_factory: pytest.TempPathFactory,
) -> KernelsRecord:
    """An int8 translator that was measured with kernels."""
    folder = tmp_path_factory.mktemp("measured") / "int8"
    return add_kernels(tiny_translator_int8, folder, reference=tiny_translator_bundle)


@pytest.fixture(scope="module")
def model(measured: KernelsRecord) -> Iterator[Model]:
    with load(measured.bundle, kernels="required") as model:
        yield model


def fed(
    decoder: Path, *, sources: int = 3, beams: int = 2, tokens: int = 1, room: int = 9
) -> Feeds:
    """Inputs of a decoder: ragged pasts and sources."""
    dice = np.random.default_rng(4)
    rows = sources * beams
    lengths = np.linspace(0, room - tokens, rows).astype(np.int64)
    given: Feeds = {
        "input_ids": dice.integers(0, 300, (rows, tokens)),
        "past_lengths": lengths,
        "source_mask": (np.arange(7) < np.array([[7], [2], [5]])[:sources]).astype(np.int64),
    }
    for value in onnx.load(decoder).graph.input:
        if value.name not in given:
            past = value.name.startswith("past_")
            _, heads, _, size = (one.dim_value for one in value.type.tensor_type.shape.dim)
            shape = (rows, heads, room, size) if past else (sources, heads, 7, size)
            given[value.name] = dice.normal(0, 1, shape).astype(np.float32)
    return given


def asked(given: Feeds, most: int) -> Feeds:
    """The same with what a search asks of a step."""
    rows, tokens = given["input_ids"].shape
    return {
        **{key: value.copy() for key, value in given.items()},
        "likely": np.linspace(-2, 0, rows * tokens).astype(np.float32),
        "most": np.array([most]),
    }


@pytest.mark.parametrize(("tokens", "room"), [(1, 9), (4, 9), (3, 3)])
def test_kernels_run_all_of_a_decoder_and_keep_the_past_where_it_lies(
    tiny_translator_int8: Path, kernels: KernelLibrary, tokens: int, room: int
) -> None:
    decoder = tiny_translator_int8 / "decoder.onnx"
    rewritten = rewrite_for_kernels(decoder)
    assert (operators(rewritten), rewritten.left) == (Counter(WHOLE_DECODER), ())
    assert rewritten.exact
    given = fed(decoder, tokens=tokens, room=room)
    expected = answers(decoder, given)
    library = asked(given, 0)
    found = library_answers(rewritten, decoder.parent, kernels, library)
    numpy = asked(given, 0)
    specified = kernel_answers(rewritten.graph, decoder.parent, numpy)
    for answer in (found, specified):
        assert list(answer) == STEP
        near(answer["log_probabilities"], expected["log_probabilities"])
        assert answer["candidates"].shape == (6, tokens, 0)
    for feeds in (library, numpy):
        for name in (name for name in given if name.startswith("past_") and name[-1].isdigit()):
            present = expected[name.replace("past", "present")]
            for row, length in enumerate(given["past_lengths"]):
                near(feeds[name][row, :, length : length + tokens], present[row])
                np.testing.assert_array_equal(
                    feeds[name][row, :, :length], given[name][row, :, :length]
                )


def test_a_step_gives_the_likeliest_tokens_in_the_place_of_all(
    tiny_translator_int8: Path, kernels: KernelLibrary
) -> None:
    decoder = tiny_translator_int8 / "decoder.onnx"
    rewritten, given = rewrite_for_kernels(decoder), fed(decoder)
    whole = library_answers(rewritten, decoder.parent, kernels, asked(given, 0))
    step = library_answers(rewritten, decoder.parent, kernels, asked(given, 5))
    sums = whole["log_probabilities"] + asked(given, 5)["likely"][:, None, None]
    order = np.argsort(-sums, axis=-1, kind="stable")[..., :5]
    assert step["log_probabilities"].shape == (6, 1, 0)
    np.testing.assert_array_equal(step["candidate_tokens"], order)
    np.testing.assert_array_equal(step["candidates"], np.take_along_axis(sums, order, axis=-1))


def near(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> None:
    """Equal but for roundings, and for a code that tips here and there."""
    assert found.shape == expected.shape
    off = np.abs(found - expected)
    size = expected.std()  # how large they are depends on how the model was trained
    assert np.quantile(off, 0.9) < 0.04 * size and off.max() < 0.25 * size


Change = Callable[[onnx.GraphProto], None]


def another_number(graph: onnx.GraphProto) -> None:
    """What is masked gets a number that leaves a little of it."""
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and not tensor.dims:
            value = onnx.numpy_helper.to_array(tensor)
            if value == -10000:
                tensor.CopyFrom(
                    onnx.numpy_helper.from_array(np.float32(-3) + 0 * value, tensor.name)
                )


def first_axis(graph: onnx.GraphProto) -> None:
    """Weights sum to one along another axis."""
    for node in graph.node:
        if node.op_type == "Softmax":
            del node.attribute[:]
            node.attribute.append(helper.make_attribute("axis", 1))


def more_outputs(graph: onnx.GraphProto) -> None:
    """Somebody else looks at a value of the last layer."""
    name = next(n for n in graph.node if n.op_type == "LogSoftmax").input[0]
    graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))


def all_of_the_past(graph: onnx.GraphProto) -> None:
    """A row looks at the place behind its past too."""
    for node in graph.node:
        if node.op_type == "Less":
            node.op_type = "LessOrEqual"


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (another_number, ("PastAttention", "SourceAttention")),
        (first_axis, ("PastAttention", "SourceAttention")),
        (all_of_the_past, ("PastAttention",)),
        (more_outputs, ()),
    ],
)
def test_what_is_another_thing_stays_with_onnxruntime_and_gives_what_it_gave(
    tiny_translator_int8: Path,
    kernels: KernelLibrary,
    tmp_path: Path,
    change: Change,
    left: tuple[str, ...],
) -> None:
    graph = onnx.load(tiny_translator_int8 / "decoder.onnx")
    change(graph.graph)
    path = tmp_path / "decoder.onnx"
    onnx.save(graph, path)
    rewritten = rewrite_for_kernels(path)
    expected = {key: count for key, count in WHOLE_DECODER.items() if key not in left}
    assert operators(rewritten) == Counter(expected)
    given = fed(path)
    found = library_answers(rewritten, tmp_path, kernels, given)
    for name, values in answers(path, given).items():
        near(found[name], values)


def test_a_bundle_says_what_kernels_run_of_both_graphs(
    measured: KernelsRecord, model: Model
) -> None:
    assert measured.passed and measured.kernels.exact
    assert model.kernels is not None
    assert (model.kernels.layers, model.kernels.left) == (measured.layers, ())
    named = " ".join(model.kernels.layers)
    assert "encoder.layer.1.output.dense" in named and "decoder.layers.1.down" in named
    assert Fingerprint.read(model.fingerprint).engine == "kernels1"
    assert all(answer.passed for answer in run_golden(model))


def test_a_bundle_that_was_not_measured_is_not_run_by_kernels(tiny_translator_int8: Path) -> None:
    with load(tiny_translator_int8) as model:
        assert model.kernels is None
    with pytest.raises(ProviderError, match="was not measured with kernels"):
        load(tiny_translator_int8, kernels="required")


@pytest.mark.parametrize("beam", [1, 4])
def test_every_instruction_set_gives_a_text_the_same_translation_alone_and_beside_others(
    measured: KernelsRecord, model: Model, kernels: KernelLibrary, beam: int
) -> None:
    expected = model.translate(TEXTS, beam=beam, n_best=beam)
    try:
        for name in kernels.instruction_sets:
            kernels.choose(name)
            with load(measured.bundle, threads=2) as other:
                assert other.kernels and other.kernels.instruction_set == name
                assert other.translate(TEXTS[::-1], beam=beam, n_best=beam) == expected[::-1]
                assert other.translate(TEXTS[3], beam=beam, n_best=beam) == expected[3]
    finally:
        kernels.choose("")


def test_what_steps_chose_is_what_all_tokens_at_once_say(model: Model) -> None:
    written = [one.text for one in model.translate(TEXTS)]
    whole = model.next_tokens(list(zip(TEXTS, written, strict=True)))
    alike = 0
    for steps, tokens in zip(model.outputs(TEXTS), whole, strict=True):
        if np.array_equal(steps[:, 0], tokens.expected):  # a tokenizer may write a text otherwise
            np.testing.assert_array_equal(tokens.likeliest, tokens.expected)
            np.testing.assert_allclose(tokens.log_probabilities[:, 0], steps[:, 1], atol=1e-5)
            alike += 1
    assert alike > len(TEXTS) // 4


def test_without_kernels_the_same_bundle_says_nearly_the_same(
    measured: KernelsRecord, model: Model
) -> None:
    with load(measured.bundle, kernels="off") as off:
        assert off.kernels is None and off.fingerprint != model.fingerprint
        found, expected = model.outputs(TEXTS), off.outputs(TEXTS)
    alike = [
        len(one) == len(other) and np.array_equal(one[:, 0], other[:, 0])
        for one, other in zip(found, expected, strict=True)
    ]
    assert sum(alike) > len(TEXTS) // 4


def test_another_process_translates_by_the_same_kernels(model: Model) -> None:
    with pickle.loads(pickle.dumps(model)) as again:
        assert again.fingerprint == model.fingerprint
        assert again.translate(TEXTS[:3], beam=4) == model.translate(TEXTS[:3], beam=4)


def test_a_bundle_whose_decoder_is_no_longer_theirs_is_damaged(
    measured: KernelsRecord, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(measured.bundle, tmp_path / "changed"))
    (folder / "decoder.onnx").write_bytes(b"")
    with pytest.raises(Exception, match=r"decoder\.onnx"):
        load(folder)
