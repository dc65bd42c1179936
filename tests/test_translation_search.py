"""The search over the rows of a step finds what sorting all of them finds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from edgebert.arrays import Array, Integers
from edgebert.errors import BundleError, InputError
from edgebert.records.manifest import Writing
from edgebert.runtimes.translation.options import check_options
from edgebert.runtimes.translation.search import likeliest, likeliest_of_beams, merged

WRITING = Writing(layers=1, heads=1, head_width=8, vocabulary=400)


def rows_of(rng: Generator, rows: int, vocabulary: int, *, tied: bool) -> tuple[Array, Array]:
    likely = -rng.random((rows, vocabulary), np.float32) * 9
    scores = -rng.random(rows, np.float32) * 9
    if tied:
        likely, scores = np.round(likely), np.round(scores)
    return likely, scores


def by_sorting(
    likely: Array, scores: Array, places: Integers
) -> list[list[tuple[float, int, int]]]:
    """All sums of a source, highest first, of equal ones the first place and the lowest token."""
    sources, beams = places.shape
    found = []
    for source in range(sources):
        sums = [
            (-float(likely[row, token] + scores[row]), int(places[source, beam]), token)
            for beam in range(beams)
            for row in [source * beams + beam]
            for token in range(likely.shape[1])
        ]
        found.append([(-value, place, token) for value, place, token in sorted(sums)[: 2 * beams]])
    return found


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("beams", "vocabulary"), [(1, 300), (2, 130), (4, 129), (4, 64), (8, 16)])
def test_the_likeliest_continuations_are_those_of_sorting(
    beams: int, vocabulary: int, *, tied: bool
) -> None:
    rng = default_rng(beams * vocabulary)
    for _ in range(10):
        sources = int(rng.integers(1, 6))
        likely, scores = rows_of(rng, sources * beams, vocabulary, tied=tied)
        scores[1::2] = -np.inf if rng.random() < 0.3 and beams > 1 else scores[1::2]
        places = np.array([rng.permutation(beams) for _ in range(sources)])
        wanted = by_sorting(likely, scores, places)
        found = likeliest_of_beams(likely, scores, places)
        told = [
            list(zip(*rows, strict=True))
            for rows in zip(
                found.values.tolist(), found.beams.tolist(), found.tokens.tolist(), strict=True
            )
        ]
        assert told == wanted


def test_merging_what_kernels_chose_gives_the_same() -> None:
    rng = default_rng(5)
    likely, scores = rows_of(rng, 12, 200, tied=True)
    order = np.array([[2, 0, 3, 1], [0, 1, 2, 3], [1, 2, 3, 0]])  # which row stands in each place
    sums = likely + scores[:, None]
    tokens = np.argsort(-sums, axis=1, kind="stable")[:, :8]
    found = merged(np.take_along_axis(sums, tokens, axis=1), tokens, order)
    wanted = likeliest_of_beams(likely, scores, np.argsort(order, axis=1))
    for one, other in zip(vars(found).values(), vars(wanted).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_first_of_equal_tokens_is_taken() -> None:
    likely = np.array([[0.0, 2.0, 2.0, 1.0]], np.float32)
    found = likeliest(likely, np.array([-1.0], np.float32))
    assert (found.values.tolist(), found.tokens.tolist()) == ([[1.0]], [[1]])


@pytest.mark.parametrize("beams", [1, 2])
def test_log_probabilities_that_are_no_numbers_are_told(beams: int) -> None:
    likely = np.full((beams, 10), -1.0, np.float32)
    likely[0, 3] = np.nan
    scores = np.zeros(beams, np.float32)
    with pytest.raises(BundleError, match="no numbers"):
        if beams == 1:
            likeliest(likely, scores)
        else:
            likeliest_of_beams(likely, scores, np.arange(beams)[None])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"beam": 0}, "beam=0: expected a whole number, 1 to 200"),
        ({"beam": 201}, "beam=201: expected a whole number, 1 to 200"),
        ({"beam": 2.0}, "beam=2.0: expected a whole number"),
        ({"n_best": 2}, "n_best=2: expected a whole number, 1 to 1"),
        ({"beam": 4, "n_best": 5}, "n_best=5: expected a whole number, 1 to 4"),
        ({"max_length": 0}, "max_length=0: expected a whole number, at least 1"),
        ({"length_penalty": float("nan")}, "length_penalty=nan: expected a number"),
        ({"length_penalty": "1"}, "length_penalty='1': expected a number"),
        ({"length_penalty": 1e9}, "length_penalty=1000000000.0: expected a number"),
    ],
)
def test_options_outside_their_bounds_are_told_in_a_line(
    options: dict[str, object], told: str
) -> None:
    defaults: dict[str, object] = {
        "beam": 1,
        "n_best": 1,
        "length_penalty": None,
        "max_length": None,
    }
    with pytest.raises(InputError) as error:
        check_options(WRITING, **(defaults | options))
    assert told in str(error.value)
    assert "\n" not in str(error.value)
