"""How well the two sides of pairs find each other, from the embeddings of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Examples
from edgebert.measures.matching import PairedTexts, match_rows
from edgebert.measures.scores import Numbers, Scores


def matching_scores(
    examples: Examples, outputs: Sequence[Array], similarity: str
) -> tuple[Scores, ...]:
    """Accuracy at 1 from first to second texts and back, a row for each pair.

    Args:
        examples: pairs that belong together.
        outputs: embeddings of both texts of each pair, one after the other.
        similarity: what they are compared by.
    """
    pairs, _ = examples.require_related_pairs()
    paired = PairedTexts.of(pairs)
    first, second = (
        np.stack(_of_each(distinct, [pair[side] for pair in pairs], outputs[side::2]))
        for side, distinct in enumerate((paired.first, paired.second))
    )
    rows = match_rows(first, second, paired.matches, similarity)
    return tuple(Scores(name, found, _mean) for name, found in rows.items())


def _of_each(
    distinct: Sequence[str], texts: Sequence[str], outputs: Sequence[Array]
) -> list[Array]:
    found = dict(zip(texts, outputs, strict=True))
    return [found[text] for text in distinct]


def _mean(rows: Numbers) -> float:
    return 100 * float(rows.mean())
