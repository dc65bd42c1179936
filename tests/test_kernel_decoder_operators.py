"""The operators of a decoder that native kernels have: what they compute, of a row alone."""

from __future__ import annotations

from typing import Any

import kernel_operators as spec
import numpy as np
import pytest
from kernel_sessions import Values, operator_session, run_on_all
from onnx import TensorProto

from edgebert.runtimes.kernels.library import KernelLibrary, require_library

_DICE = np.random.default_rng(11)

CHOSEN = {
    "y": TensorProto.FLOAT,
    "candidates": TensorProto.FLOAT,
    "candidate_tokens": TensorProto.INT64,
}
WHOLE: dict[str, Any] = {"scale": 0.2, "query_part": 0, "key_part": 0, "value_part": 0, "kept": 0}
THIRDS: dict[str, Any] = {"scale": 0.2, "query_part": 2, "key_part": 0, "value_part": 1, "kept": 0}


@pytest.fixture(scope="module")
def library() -> KernelLibrary:
    return require_library()


def floats(*shape: int, most: float = 1.0) -> Values:
    return _DICE.uniform(-most, most, shape).astype(np.float32)


def close(answer: Values, expected: Values, within: float = 2e-5) -> None:
    assert answer.shape == expected.shape
    np.testing.assert_allclose(answer, expected, atol=within * max(1, np.abs(expected).max()))


def past_inputs(
    rows: int, tokens: int, room: int, *, heads: int = 3, size: int = 64
) -> dict[str, Any]:
    """Pasts of several lengths, of which one is empty and one has all the room there is."""
    width = heads * size
    return {
        "query": floats(rows, tokens, width, most=3),
        "key": floats(rows, tokens, width),
        "value": floats(rows, tokens, width),
        "past_key": floats(rows, heads, room, size),
        "past_value": floats(rows, heads, room, size),
        "past_lengths": np.linspace(0, room, rows).astype(np.int64),
    }


@pytest.mark.parametrize(("rows", "tokens", "room"), [(1, 1, 0), (9, 1, 40), (3, 5, 7), (2, 33, 0)])
@pytest.mark.parametrize("size", [32, 64, 26, 80])
def test_new_tokens_look_at_their_past_and_at_those_up_to_themselves(
    library: KernelLibrary, rows: int, tokens: int, room: int, size: int
) -> None:
    given = past_inputs(rows, tokens, room, size=size)
    (answer,) = run_on_all(library, "PastAttention", given, [*given], **WHOLE)
    close(answer, spec.past_attention(**given, **WHOLE))


def test_query_key_and_value_may_be_parts_of_one_value(library: KernelLibrary) -> None:
    given = past_inputs(4, 2, 6)
    thirds = np.concatenate((given["key"], given["value"], given["query"]), axis=-1)
    (alone,) = run_on_all(library, "PastAttention", given, [*given], **WHOLE)
    given |= dict.fromkeys(("query", "key", "value"), thirds)
    (answer,) = run_on_all(library, "PastAttention", given, [*given], **THIRDS)
    np.testing.assert_array_equal(answer, alone)


def test_a_step_depends_neither_on_other_rows_nor_on_the_room_of_the_past(
    library: KernelLibrary,
) -> None:
    given = past_inputs(7, 1, 24)
    (together,) = run_on_all(library, "PastAttention", given, [*given], **WHOLE)
    for row, length in enumerate(given["past_lengths"]):
        alone = {key: value[row : row + 1] for key, value in given.items()}
        for room in (int(length), 24):
            alone |= {key: alone[key][:, :, :room] for key in ("past_key", "past_value")}
            alone = {key: np.ascontiguousarray(value) for key, value in alone.items()}
            alone["past_key"][:, :, int(length) :] = np.nan
            (answer,) = run_on_all(library, "PastAttention", alone, [*alone], **WHOLE)
            np.testing.assert_array_equal(answer[0], together[row])


def test_tokens_at_once_and_one_by_one_are_the_same_bits(library: KernelLibrary) -> None:
    given = past_inputs(2, 9, 0, heads=2)
    (at_once,) = run_on_all(library, "PastAttention", given, [*given], **WHOLE)
    step = past_inputs(2, 1, 12, heads=2)
    step["past_lengths"][:] = 0
    attributes = {**WHOLE, "kept": 1}
    session = operator_session(library, "PastAttention", step, [*step], attributes)
    for token in range(9):
        step |= {key: given[key][:, token : token + 1] for key in ("query", "key", "value")}
        step = {key: np.ascontiguousarray(value) for key, value in step.items()}
        (answer,) = session.run(None, step)
        np.testing.assert_array_equal(answer[:, 0], at_once[:, token])
        step["past_lengths"] += 1


@pytest.mark.parametrize("longest", [7, 8])
def test_keys_and_values_are_put_behind_their_past_if_all_have_room(
    library: KernelLibrary, longest: int
) -> None:
    given = past_inputs(5, 2, 9)
    given["past_lengths"] = np.array([0, 2, 4, 6, longest])
    attributes = {**WHOLE, "kept": 1}
    expected = {key: value.copy() for key, value in given.items()}
    answer = spec.past_attention(**expected, **attributes)
    changed = any((expected[key] != given[key]).any() for key in ("past_key", "past_value"))
    assert changed == (longest == 7)
    session = operator_session(library, "PastAttention", given, [*given], attributes)
    close(session.run(None, given)[0], answer)
    for name in ("past_key", "past_value"):
        np.testing.assert_array_equal(given[name], expected[name])


@pytest.mark.parametrize("size", [32, 64, 26])
@pytest.mark.parametrize(("sources", "beams", "tokens"), [(1, 1, 1), (3, 4, 1), (2, 1, 70)])
def test_rows_of_a_source_look_at_its_tokens_that_count(
    library: KernelLibrary, sources: int, beams: int, tokens: int, size: int
) -> None:
    mask = np.ones((sources, 19), np.int64)
    mask[0, 7:], mask[-1, 3] = 0, 0
    given: dict[str, Any] = {
        "query": floats(sources * beams, tokens, 2 * size, most=3),
        "key": floats(sources, 2, 19, size),
        "value": floats(sources, 2, 19, size),
        "source_mask": mask,
    }
    (answer,) = run_on_all(library, "SourceAttention", given, [*given], scale=0.2)
    close(answer, spec.source_attention(**given, scale=0.2))


def test_attention_to_a_source_depends_neither_on_padding_nor_on_other_beams(
    library: KernelLibrary,
) -> None:
    query, key, value = floats(8, 1, 64), floats(2, 1, 30, 64), floats(2, 1, 30, 64)
    mask = (np.arange(30) < np.array([[30], [11]])).astype(np.int64)
    key[1, :, 11:] = value[1, :, 11:] = np.nan
    names = ["query", "key", "value", "source_mask"]
    given = dict(zip(names, (query, key, value, mask), strict=True))
    (together,) = run_on_all(library, "SourceAttention", given, names, scale=0.3)
    parts = (query[6:7], key[1:, :, :11], value[1:, :, :11], mask[1:, :11])
    alone = {name: np.ascontiguousarray(part) for name, part in zip(names, parts, strict=True)}
    (answer,) = run_on_all(library, "SourceAttention", alone, names, scale=0.3)
    np.testing.assert_array_equal(answer, together[6:7])


def test_a_source_of_which_nothing_counts_gives_zeros(library: KernelLibrary) -> None:
    given: dict[str, Any] = {
        "query": floats(1, 1, 64),
        "key": floats(1, 2, 3, 32),
        "value": floats(1, 2, 3, 32),
        "source_mask": np.zeros((1, 3), np.int64),
    }
    (answer,) = run_on_all(library, "SourceAttention", given, [*given], scale=0.2)
    assert not answer.any()


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("width", [48, 78])
def test_tokens_stand_at_sinusoids_of_places_without_an_end(
    library: KernelLibrary, integers: bool, width: int
) -> None:
    codes = _DICE.integers(-127, 128, (50, width)).astype(np.int8)
    given: dict[str, Any] = {
        "input_ids": _DICE.integers(0, 50, (4, 3)),
        "past_lengths": np.array([0, 1, 511, 20_000]),
        "word": codes if integers else floats(50, width),
        "word_scale": floats(50) if integers else None,
        "multiplier": floats(width),
        "rates": np.exp(-np.arange(width // 2) / 7).astype(np.float32),
        "gain": floats(width),
        "shift": floats(width),
    }
    fed = ["input_ids", "past_lengths"]
    (answer,) = run_on_all(library, "TargetEmbedding", given, fed, epsilon=1e-5)
    close(answer, spec.target_embedding(**given, epsilon=1e-5))


def chosen(library: KernelLibrary, scores: Values, likely: Values, most: int) -> list[Values]:
    given = {"scores": scores, "likely": likely, "most": np.array([most])}
    return run_on_all(library, "LogProbabilities", given, [*given], CHOSEN)


@pytest.mark.parametrize(("rows", "width"), [(1, 1), (3, 8000), (5, 131)])
def test_scores_become_log_probabilities(library: KernelLibrary, rows: int, width: int) -> None:
    scores = floats(rows, 2, width, most=9)
    (alone,) = run_on_all(library, "LogProbabilities", {"scores": scores}, ["scores"])
    close(alone, spec.log_probabilities(scores)[0], 1e-6)
    found, *none = chosen(library, scores, np.zeros(2 * rows, np.float32), 0)
    np.testing.assert_array_equal(found, alone)
    assert [one.shape for one in none] == [(rows, 2, 0)] * 2


@pytest.mark.parametrize("most", [1, 8, 33])
@pytest.mark.parametrize("width", [33, 500, 8000])
def test_the_likeliest_tokens_are_those_of_the_largest_sums(
    library: KernelLibrary, most: int, width: int
) -> None:
    scores = np.round(floats(6, 1, width, most=4), 2)  # many are equal
    scores[1] = 0
    likely = np.array([0, -1.5, -40, -0.1, -np.inf, -7], np.float32)
    found, sums, tokens = chosen(library, scores, likely, most)
    (likelihoods,) = run_on_all(library, "LogProbabilities", {"scores": scores}, ["scores"])
    expected = likelihoods + likely[:, None, None]
    order = np.argsort(-expected, axis=-1, kind="stable")[..., :most]
    assert found.shape == (6, 1, 0)
    np.testing.assert_array_equal(tokens, order)
    np.testing.assert_array_equal(sums, np.take_along_axis(expected, order, axis=-1))


def test_a_row_that_is_no_numbers_says_so_and_spoils_no_other(library: KernelLibrary) -> None:
    scores, likely = floats(3, 1, 300), np.zeros(3, np.float32)
    _, clean, tokens = chosen(library, scores, likely, 4)
    scores[1, 0, 7] = np.nan
    _, sums, others = chosen(library, scores, likely, 4)
    assert np.isnan(sums[1]).all()
    np.testing.assert_array_equal(sums[[0, 2]], clean[[0, 2]])
    np.testing.assert_array_equal(others[[0, 2]], tokens[[0, 2]])


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("PastAttention", {"past_lengths": np.array([0, 1, 9])}, "length of a past, 9 is not"),
        ("PastAttention", {"past_lengths": np.array([0, -1, 2])}, "length of a past, -1 is not"),
        ("PastAttention", {"past_lengths": np.array([1])}, "one number for each row"),
        ("PastAttention", {"key": floats(3, 1, 100)}, "of the shape of its past"),
        ("PastAttention", {"past_value": floats(3, 3, 4, 64)}, "not of one shape"),
        (
            "SourceAttention",
            {"source_mask": np.ones((2, 4), np.int64)},
            "one number for each token",
        ),
        ("SourceAttention", {"query": floats(3, 1, 192)}, "no multiple of the sources"),
        ("LogProbabilities", {"most": np.array([-1])}, "most, -1 is not"),
        ("LogProbabilities", {"most": np.array([9])}, "most, 9 is not between 0 and 9"),
        ("LogProbabilities", {"likely": floats(3)}, "likely is not one number for each row"),
        ("TargetEmbedding", {"input_ids": np.array([[9]])}, "idx=9 must be within"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    library: KernelLibrary, name: str, changed: dict[str, Any], said: str
) -> None:
    given: dict[str, Any] = {
        "PastAttention": past_inputs(3, 1, 5),
        "SourceAttention": {
            "query": floats(4, 1, 192),
            "key": floats(2, 3, 5, 64),
            "value": floats(2, 3, 5, 64),
            "source_mask": np.ones((2, 5), np.int64),
        },
        "LogProbabilities": {
            "scores": floats(2, 1, 8),
            "likely": floats(2),
            "most": np.array([1]),
        },
        "TargetEmbedding": {
            "input_ids": np.array([[1]]),
            "past_lengths": np.array([0]),
            "word": floats(9, 4),
            "word_scale": None,
            "multiplier": floats(4),
            "rates": floats(2),
            "gain": floats(4),
        },
    }[name]
    given |= changed
    fed = [key for key, value in given.items() if value is not None]
    attributes: dict[str, Any] = {
        "PastAttention": WHOLE,
        "SourceAttention": {"scale": 0.2},
        "TargetEmbedding": {"epsilon": 1e-5},
    }.get(name, {})
    outputs = CHOSEN if name == "LogProbabilities" else {"y": TensorProto.FLOAT}
    session = operator_session(library, name, given, fed, attributes, outputs=outputs)
    with pytest.raises(Exception, match=said):
        session.run(None, {key: given[key] for key in fed})
