"""The gate: the whole matrix of inputs, under every setting, and each kind of mistake named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import graph_damage as damage
import numpy as np
import onnx
import pytest
import torch
import transformers
from families import make_embedder

from edgebert.bundle import Bundle, open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.errors import GateError
from edgebert.export import ExportOptions, export_model
from edgebert.export.parity import (
    allowed_difference,
    default_atol,
    failed_parity,
    matrix,
    parity_cases,
    worst_parity,
)
from edgebert.export.parity.batches import Batch, InputSpace, parity_batches
from edgebert.export.parity.comparison import Reading, compare, expect
from edgebert.records.codec import to_dict
from edgebert.records.made import ParityCase
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model, load
from edgebert.runtimes.session import open_session
from edgebert.tasks import task_of

ATOL = 1e-4
LEVELS = {
    f"onnxruntime's defaults, level {level}"
    for level in ("disabled", "basic", "extended", "layout", "all")
}
SETTINGS = {"edgebert's settings", *LEVELS}
Damaged = Callable[..., Model]


@pytest.fixture(scope="module")
def reference(tiny_embedder: Path) -> CheckpointModel:
    return CheckpointModel(open_checkpoint(tiny_embedder))


@pytest.fixture
def damaged(tiny_bundle: Path, tmp_path: Path) -> Damaged:
    return lambda change, **said: damage.damage_graph(
        tiny_bundle, tmp_path / "damaged", change, **said
    )


def failing(cases: tuple[ParityCase, ...], factor: float = 100) -> set[str]:
    """Batches that are off by `factor` times the tolerance; no other may be off at all."""
    bad = {case.name for case in cases if not case.max_abs <= factor * ATOL}
    assert not failed_parity([case for case in cases if case.name not in bad], ATOL)
    return bad


def test_a_right_graph_passes_under_every_setting(
    reference: CheckpointModel, tiny_bundle: Path
) -> None:
    cases = parity_cases(reference, load(tiny_bundle))
    assert failed_parity(cases, ATOL) == []
    assert {case.session for case in cases} == SETTINGS
    names = [case.name for case in cases if case.session == "edgebert's settings"]
    assert len(names) == len(set(names))
    drawn = [name for name in names if not name.startswith("texts")]
    assert all([c.name for c in cases if c.session == level] == drawn for level in LEVELS)
    assert len(drawn) == len(names) - 2


@pytest.mark.parametrize(
    ("change", "batches"),
    [
        (damage.mask_as_end_index, {"left padding", "holes"}),
        (damage.mask_without_holes, {"holes"}),
        (damage.mean_without_floor, {"all-padding row"}),
        (damage.padding_row_leaks, {"all-padding row"}),
        (damage.token_types_ignored, {"token types all 1", "token types 0 then 1"}),
    ],
)
def test_a_mistake_is_named_and_nothing_else(
    change: damage.Change, batches: set[str], reference: CheckpointModel, damaged: Damaged
) -> None:
    cases = parity_cases(reference, damaged(change))
    assert failing(cases) == batches
    (sentence,) = failed_parity(cases, ATOL)
    assert any(f"worst in '{name}'" in sentence for name in batches)


def test_a_length_at_which_a_graph_breaks_is_named(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    names = failing(parity_cases(reference, damaged(damage.wrong_from_token_17)))
    assert {name for name in names if name.startswith("length")} == {"length 17", "length 48"}


def test_a_mask_that_is_ignored_fails_wherever_there_is_padding(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    names = failing(parity_cases(reference, damaged(damage.mask_ignored)))
    assert {"right padding", "left padding", "holes"} <= names
    assert not any(name.startswith("length") for name in names)


def test_a_fault_at_one_optimization_level_is_found_and_named(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    cases = parity_cases(reference, damaged(damage.right_only_if_optimized))
    bad = {case.session for case in cases if not case.max_abs <= ATOL}
    assert bad == {"onnxruntime's defaults, level disabled"}
    (sentence,) = failed_parity(cases, ATOL)
    assert sentence.endswith("under onnxruntime's defaults, level disabled")


@pytest.mark.parametrize(
    "weight",
    [
        "encoder.layer.0.attention.output.dense.weight",
        "encoder.layer.1.output.dense.bias",
        "encoder.layer.1.output.LayerNorm.weight",
        "embeddings.position_embeddings.weight",
        "embeddings.token_type_embeddings.weight",
    ],
)
def test_one_lost_parameter_fails_by_far(
    weight: str, reference: CheckpointModel, damaged: Damaged
) -> None:
    cases = parity_cases(reference, damaged(lambda graph: damage.zero_weight(graph, weight)))
    assert max(case.max_abs for case in cases) > 100 * ATOL
    assert len(failed_parity(cases, ATOL)) == 1


def test_a_file_that_a_setting_cannot_load_names_the_setting(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    graph = damaged(lambda graph: None)
    graph.bundle.model_path.write_bytes(b"no graph")
    cases = parity_cases(reference, graph)
    assert {case.session for case in cases if case.problem} == LEVELS
    (sentence,) = failed_parity(cases, ATOL)
    assert sentence.startswith("under onnxruntime's defaults, level disabled, loading the file f")


def test_an_answer_of_another_shape_is_a_failure(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    cases = parity_cases(reference, damaged(damage.fixed_to_one_row))
    assert {case.problem for case in cases if case.name == "length 3"} == {""}
    assert all(case.problem for case in cases if case.name == "right padding")
    assert "failed" in failed_parity(cases, ATOL)[0]


def test_a_graph_that_takes_int32_is_given_int32(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    graph = damaged(damage.take_int32)
    assert {value.type for value in graph.session.get_inputs()} == {"tensor(int32)"}
    assert failed_parity(parity_cases(reference, graph), ATOL) == []


@pytest.mark.parametrize("rows", [1, 4])
def test_a_graph_of_fixed_shape_is_tried_on_every_kind_of_mask(
    rows: int, reference: CheckpointModel, damaged: Damaged
) -> None:
    graph = damaged(damage.take_only(rows, 24), fixed_shape=(rows, 24))
    batches = matrix(reference, graph)
    assert {batch.mask.shape for batch in batches} == {(rows, 24)}
    cases = parity_cases(reference, graph)
    assert failed_parity(cases, ATOL) == []
    assert {"length 1", "length 17", "length 24"} <= {case.name for case in cases}


def test_a_graph_of_fixed_shape_fails_at_the_mask_it_gets_wrong(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    def change(graph: onnx.GraphProto) -> None:
        damage.take_only(4, 24)(graph)
        damage.mask_as_end_index(graph)

    cases = parity_cases(reference, damaged(change, fixed_shape=(4, 24)))
    assert failing(cases) == {"left padding", "holes"}


def test_the_worst_case_can_be_run_again(reference: CheckpointModel, damaged: Damaged) -> None:
    graph = damaged(damage.token_types_ignored)
    worst = worst_parity(parity_cases(reference, graph), matrix(reference, graph))
    assert worst is not None
    assert worst.name.startswith("token types")
    assert worst.output == "last_hidden_state"
    inputs = {name: np.asarray([row]) for name, row in worst.inputs.items()}
    assert set(inputs) == {"input_ids", "attention_mask", "token_type_ids"}
    (found,) = graph.session.run([worst.output], inputs)
    _, token, column = worst.where
    difference = abs(found - reference.run(inputs)[worst.output])[0, token, column]
    assert difference == pytest.approx(worst.max_abs, rel=1e-2)


def test_a_failed_export_writes_nothing_but_the_record(tiny_embedder: Path, tmp_path: Path) -> None:
    with pytest.raises(GateError, match="parity with PyTorch is off by") as caught:
        export_model(tiny_embedder, tmp_path / "out", options=ExportOptions(atol=1e-12))
    assert list(tmp_path.iterdir()) == []
    record = caught.value.record
    assert (caught.value.exit_code, record.passed, record.atol) == (3, False, 1e-12)
    worst = max(case.max_abs for case in record.parity)
    assert record.worst.max_abs == worst
    assert len(json.loads(json.dumps(to_dict(record)))["worst"]["inputs"]["input_ids"]) > 0


def space(**changes: object) -> InputSpace:
    names = ("input_ids", "attention_mask", "token_type_ids")
    return replace(InputSpace(names, vocabulary_size=50, pad_id=7, max_length=300), **changes)  # type: ignore[arg-type]


TEXTS = {
    name: np.asarray([[1, 2, 3, 4], [5, 6, 0, 0]]) * (name == "input_ids")
    for name in ("input_ids", "token_type_ids")
} | {"attention_mask": np.asarray([[1, 1, 1, 1], [1, 1, 0, 0]])}


def test_the_matrix_holds_every_length_and_kind_of_mask() -> None:
    batches = {batch.name: batch for batch in parity_batches(space(), TEXTS)}
    lengths = [1, 2, 3, 15, 16, 17, 127, 128, 300]
    for length in lengths:
        assert batches[f"length {length}"].mask.tolist() == [[True] * length]
    assert {len(batch.mask) for batch in batches.values()} == {1, 2, 3, 4}
    assert (np.diff(batches["right padding"].mask.astype(int)) <= 0).all()
    assert (np.diff(batches["left padding"].mask.astype(int)) >= 0).all()
    holes = batches["holes"].mask
    assert all({-1, 1} <= set(np.diff(row.astype(int))) for row in holes)
    assert holes[:, 0].tolist() == [True, True, False]
    assert batches["all-padding row"].mask.any(axis=1).tolist() == [True, False, True]
    assert batches["token types 0 then 1"].inputs["token_type_ids"].tolist() == [[0] * 8 + [1] * 8]


@pytest.mark.parametrize("fixed_shape", [None, (2, 64)])
def test_the_padding_id_stands_at_padding_and_nowhere_else(
    fixed_shape: tuple[int, int] | None,
) -> None:
    for batch in parity_batches(space(fixed_shape=fixed_shape), TEXTS):
        ids = batch.inputs["input_ids"]
        assert ((ids == 7) == ~batch.mask).all(), batch.name
        assert 0 <= ids.min() <= ids.max() < 50


def test_the_matrix_is_the_same_each_time() -> None:
    first, second = parity_batches(space(), TEXTS), parity_batches(space(), TEXTS)
    for a, b in zip(first, second, strict=True):
        assert a.name == b.name
        assert all((a.inputs[name] == b.inputs[name]).all() for name in a.inputs)


@pytest.mark.parametrize("longest", [1, 2, 3, 4, 16])
def test_no_input_is_longer_than_the_longest_or_empty(longest: int) -> None:
    for batch in parity_batches(space(max_length=longest), TEXTS):
        assert batch.mask.shape[1] <= longest
        assert batch.name == "all-padding row" or batch.mask.any(axis=1).all()


@pytest.mark.parametrize(("longest", "kept"), [(2048, True), (8, False)])
def test_long_inputs_are_proved_without_memory_that_is_kept(
    reference: CheckpointModel,
    tiny_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    longest: int,
    kept: bool,
) -> None:
    monkeypatch.setattr("edgebert.export.parity.gate._ARENA_TOKENS", longest)
    opened: list[bool] = []

    def noted(bundle: Bundle, *, arena: bool) -> Any:
        opened.append(arena)
        return open_session(bundle, arena=arena)

    monkeypatch.setattr("edgebert.export.parity.gate.open_session", noted)
    assert failed_parity(parity_cases(reference, open_bundle(tiny_bundle)), ATOL) == []
    assert opened == [kept]


def test_a_graph_without_token_types_is_not_given_any() -> None:
    batches = parity_batches(space(names=("input_ids", "attention_mask")), TEXTS)
    assert {tuple(batch.inputs) for batch in batches} == {("input_ids", "attention_mask")}
    assert not any("type" in batch.name for batch in batches)


def answer(task: str, output: str, mask: list[list[int]], wrong: np.ndarray) -> ParityCase:
    """Compare zeros with `wrong`."""
    inputs = {"attention_mask": np.asarray(mask), "input_ids": np.asarray(mask)}
    reading = Reading((output,), task_of(task), zero_padding=True)
    right = {output: np.zeros(wrong.shape, np.float32)}
    expected = expect(
        Batch("batch", inputs),
        reading,
        lambda given: {output: right[output][: len(given["input_ids"])]},
    )
    return compare(expected, {output: wrong}, reading, "session")


@pytest.mark.parametrize(
    ("task", "output", "shape"),
    [
        ("feature-extraction", "last_hidden_state", (2, 3, 5)),
        ("token-classification", "logits", (2, 3, 5)),
        ("fill-mask", "logits", (2, 3, 5)),
        ("question-answering", "start_logits", (2, 3)),
        ("question-answering", "end_logits", (2, 3)),
    ],
)
def test_outputs_by_token_are_compared_at_unmasked_positions(
    task: str, output: str, shape: tuple[int, ...]
) -> None:
    wrong = np.zeros(shape, np.float32)
    wrong[1, 2] = 9
    assert answer(task, output, [[1, 1, 1], [0, 1, 0]], wrong).max_abs == 0
    case = answer(task, output, [[1, 1, 1], [0, 1, 1]], wrong)
    assert case.max_abs == 9
    assert case.where[:2] == (1, 2)


def test_logits_of_a_text_are_compared_where_its_first_token_is_real() -> None:
    wrong = np.asarray([[0, 0], [0, 9]], np.float32)
    assert answer("text-classification", "logits", [[1, 1], [0, 1]], wrong).max_abs == 0
    case = answer("text-classification", "logits", [[1, 1], [1, 0]], wrong)
    assert (case.max_abs, case.where) == (9, (1, 1))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_the_worst_of_all(value: float) -> None:
    wrong = np.zeros((1, 2, 4), np.float32)
    wrong[0, 0, 1], wrong[0, 1, 2] = 1e30, value
    case = answer("feature-extraction", "last_hidden_state", [[1, 1]], wrong)
    assert not case.max_abs <= 1e38
    assert case.where == (0, 1, 2)
    assert len(failed_parity([case], atol=1.0)) == 1


def test_a_row_of_padding_has_to_be_finite_and_its_vector_zero() -> None:
    hidden = np.zeros((2, 2, 3), np.float32)
    hidden[1] = 5
    mask = [[1, 1], [0, 0]]
    assert answer("feature-extraction", "last_hidden_state", mask, hidden).max_abs == 0
    hidden[1, 0, 0] = np.nan
    case = answer("feature-extraction", "last_hidden_state", mask, hidden)
    assert np.isnan(case.max_abs)
    assert case.where == (1, 0, 0)
    vectors = np.asarray([[0, 0], [0, 0.5]], np.float32)
    case = answer("feature-extraction", "sentence_embedding", mask, vectors)
    assert (case.max_abs, case.where) == (0.5, (1, 1))


def test_a_long_text_is_compared_at_every_token_of_a_large_vocabulary() -> None:
    wrong = np.zeros((1, 100, 250_000), np.float32)
    wrong[0, 63] = 9
    case = answer("fill-mask", "logits", [[1] * 100], wrong)
    assert (case.max_abs, case.where[:2]) == (9, (0, 63))


def test_the_default_tolerance_grows_with_the_outputs() -> None:
    def case(scale: float) -> ParityCase:
        return ParityCase("a", 1, 1, 0.0, 1.0, scale=scale)

    assert default_atol("fp32", [case(0.05), case(0.9)]) == 1e-4
    assert default_atol("fp32", [case(0.9), case(25.0)]) == pytest.approx(25e-4)
    assert default_atol("fp16", [case(0.9)]) == pytest.approx(0.02)


def test_a_graph_within_the_default_is_held_to_the_default(
    reference: CheckpointModel, tiny_bundle: Path
) -> None:
    graph = load(tiny_bundle)
    cases = parity_cases(reference, graph)
    assert allowed_difference(cases, reference, graph) == default_atol("fp32", cases)


def test_a_model_is_held_to_no_less_than_rounding_does_to_it(
    reference: CheckpointModel, tiny_bundle: Path
) -> None:
    graph = load(tiny_bundle)
    off = [replace(case, max_abs=1.0) for case in parity_cases(reference, graph)]
    calm = allowed_difference(off, reference, graph)
    query = reference.model.encoder.layer[0].attention.self.query.weight
    before = query.data.clone()
    query.data *= 20  # attention so peaked that a rounding decides where it looks
    try:
        sensitive = allowed_difference(off, reference, graph)
    finally:
        query.data = before
    assert calm < 2e-4 < sensitive < 1.0
    assert allowed_difference(off, reference, graph) == calm


def test_a_sensitive_model_is_allowed_what_any_rounding_does_to_it(
    reference: CheckpointModel, tiny_bundle: Path
) -> None:
    """PyTorch under other roundings stands for a graph: each has to pass."""
    graph, words = load(tiny_bundle), reference.model.get_input_embeddings()
    query = reference.model.encoder.layer[0].attention.self.query
    before = query.weight.data, words.weight.data
    query.weight.data = 20 * before[0]
    try:
        cases = [replace(case, max_abs=1.0) for case in parity_cases(reference, graph)]
        allowed, answers = allowed_difference(cases, reference, graph), []
        for seed in range(6):
            signs = np.random.default_rng(seed).choice([-1.0, 1.0], before[1].shape)
            words.weight.data = before[1] * torch.tensor(1 + 2.0**-21 * signs, dtype=torch.float32)
            answers.append(_answers(reference, graph))
    finally:
        query.weight.data, words.weight.data = before
    furthest = max(np.abs(one - other).max() for one in answers for other in answers)
    assert allowed / 10 < furthest < allowed


@pytest.fixture(scope="module")
def long_reference(tmp_path_factory: pytest.TempPathFactory) -> CheckpointModel:
    """A BERT of one layer that reads 1,100 tokens, so peaked that a rounding moves it."""
    folder = tmp_path_factory.mktemp("long") / "bert"
    make_embedder(folder, "bert", max_position_embeddings=1100, num_hidden_layers=1)
    reference = CheckpointModel(open_checkpoint(folder))
    reference.model.encoder.layer[0].attention.self.query.weight.data *= 20
    return reference


@pytest.fixture
def asked(long_reference: CheckpointModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the inputs that the reference is run on."""
    lengths: list[int] = []

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        lengths.append(inputs["input_ids"].shape[1])
        return CheckpointModel.run(long_reference, inputs)

    monkeypatch.setattr(long_reference, "run", run)
    return lengths


def off_by(**lengths: float) -> list[ParityCase]:
    """Cases of inputs without padding that are off, by how much."""
    return [
        ParityCase(f"length {name[1:]}", 1, int(name[1:]), max_abs, 1.0)
        for name, max_abs in lengths.items()
    ]


def test_a_graph_that_short_inputs_refute_is_not_measured_on_the_longest(
    long_reference: CheckpointModel, tiny_bundle: Path, asked: list[int]
) -> None:
    allowed = allowed_difference(off_by(_17=9.0, _1100=9.0), long_reference, load(tiny_bundle))
    assert 1e-4 < allowed < 9.0
    assert set(asked) == {17}


def test_pytorch_is_nudged_until_every_difference_passes(
    long_reference: CheckpointModel, tiny_bundle: Path, asked: list[int]
) -> None:
    graph = load(tiny_bundle)
    most = allowed_difference(off_by(_1100=9.0), long_reference, graph)
    assert asked == [1100] * 5
    asked.clear()
    assert 1.2e-4 < allowed_difference(off_by(_1100=1.2e-4), long_reference, graph) <= most
    assert asked == [1100] * 2


def test_what_is_no_number_is_not_measured_at_all(
    long_reference: CheckpointModel, tiny_bundle: Path, asked: list[int]
) -> None:
    allowed = allowed_difference(off_by(_17=np.nan, _16=1.0), long_reference, load(tiny_bundle))
    assert (allowed, asked) == (1e-4, [])


def test_pytorch_answers_long_inputs_without_keeping_their_scores(
    long_reference: CheckpointModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = np.random.default_rng(0).integers(5, 60, (1, 1100))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    eager = transformers.models.bert.modeling_bert.eager_attention_forward
    calls: list[int] = []

    def counted(module: torch.nn.Module, query: torch.Tensor, *args: Any, **options: Any) -> Any:
        calls.append(query.shape[2])
        return eager(module, query, *args, **options)

    monkeypatch.setattr(transformers.models.bert.modeling_bert, "eager_attention_forward", counted)
    found = long_reference.run(inputs)["last_hidden_state"]
    assert not calls
    monkeypatch.setattr("edgebert.references.pytorch_model._EAGER_TOKENS", 1100)
    expected = long_reference.run(inputs)["last_hidden_state"]
    assert calls == [1100]
    assert np.abs(found - expected).max() < 1e-3  # peaked attention; rounding alone


def _answers(reference: CheckpointModel, graph: Model) -> np.ndarray:
    """Token vectors of PyTorch to every batch, at real tokens, in one array."""
    batches = matrix(reference, graph)
    outputs = (reference.run(batch.inputs)["last_hidden_state"] for batch in batches)
    return np.concatenate([out[b.mask] for out, b in zip(outputs, batches, strict=True)])


def test_a_mistake_does_not_raise_what_is_allowed(
    reference: CheckpointModel, damaged: Damaged
) -> None:
    graph = damaged(damage.mask_as_end_index)
    cases = parity_cases(reference, graph)
    allowed = allowed_difference(cases, reference, graph)
    assert max(case.max_abs for case in cases) > 100 * allowed
    assert failed_parity(cases, allowed)
