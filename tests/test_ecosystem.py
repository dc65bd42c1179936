"""The benchmark of the frameworks: what it takes for the same ranking. It needs no framework."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.ecosystem.ranking import Ask, off_by, similarities

from edgebert.runtimes import load

SCORES = np.array([[0.1, 0.9, 0.5, 0.5], [0.8, 0.2, 0.3, 0.4]], np.float32)


@pytest.mark.parametrize("first", [[1, 2], [1, 3]])
def test_documents_that_tie_may_change_places(first: list[int]) -> None:
    assert off_by(SCORES, [first, [0, 3]], k=2) == 0.0


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        ([[1, 0], [0, 3]], 0.4),  # a worse one in the place of the second
        ([[2, 1], [0, 3]], 0.4),  # the right two in the wrong order
        ([[1], [0, 3]], float("inf")),
        ([[1, 1], [0, 3]], float("inf")),
    ],
)
def test_a_wrong_or_missing_document_is_seen(found: list[list[int]], difference: float) -> None:
    assert off_by(SCORES, found, k=2) == pytest.approx(difference)


def test_brute_force_is_the_cosine_of_each_query_to_each_document(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    ask = Ask(["turn on the lamp", "anna is in paris", "off"], ["lamp on", "anna"], k=2)
    expected = model.embed(ask.queries) @ model.embed(ask.documents).T  # of length 1 already
    np.testing.assert_allclose(similarities(model, ask), expected, atol=1e-6)
