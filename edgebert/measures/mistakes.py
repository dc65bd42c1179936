"""Which labels are taken for which, and what is wrong with the entities that are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from edgebert.measures.compared import Entities
from edgebert.measures.entities import ADDED, KEPT, LOST, MOVED, RELABELLED, Key, keys, paired
from edgebert.records.trained import Confusion, EntityMistake, LabelCounts, Mistakes

MOST_CONFUSED = 20
"""How many labels are told apart; the others stand together."""

KINDS = {
    LOST: "missed",
    ADDED: "spurious",
    RELABELLED: "wrong label",
    MOVED: "wrong boundaries",
}
_EXAMPLES = 5  # of each kind
_LONGEST = 60  # characters


def label_mistakes(gold: npt.ArrayLike, found: npt.ArrayLike, labels: Sequence[str]) -> Mistakes:
    """Mistakes of a classifier.

    Args:
        gold, found: label numbers [n], or 0 and 1 [n, labels] where a text may have several.
        labels: their names.
    """
    want, got = np.asarray(gold, np.int64), np.asarray(found, np.int64)
    if want.ndim == 2:
        return Mistakes(len(want), _counted(want, got, labels))
    numbers = np.arange(len(labels))
    counts = _counted(want[:, None] == numbers, got[:, None] == numbers, labels)
    pairs = Counter(zip(want.tolist(), got.tolist(), strict=True))
    return Mistakes(len(want), counts, tuple(_confusions(pairs, counts)))


def entity_mistakes(texts: Sequence[str], gold: Entities, found: Entities) -> Mistakes:
    """Mistakes of a tagger; `paired` says what is taken for a wrong label or boundary."""
    counts: dict[str, Counter[str]] = {}
    examples: dict[str, list[EntityMistake]] = {kind: [] for kind in KINDS}
    for text, wanted, given in zip(texts, gold, found, strict=True):
        for how, old, new in paired(keys(wanted), keys(given)):
            of = old or new
            assert of is not None
            counts.setdefault(of[2], Counter())[how] += 1
            if how != KEPT and len(examples[how]) < _EXAMPLES:
                examples[how].append(_example(KINDS[how], text, old, new))
    return Mistakes(
        len(texts),
        tuple(
            LabelCounts(label, n[KEPT], n[LOST], n[ADDED], n[RELABELLED], n[MOVED])
            for label, n in sorted(counts.items())
        ),
        entities=tuple(one for kind in examples.values() for one in kind),
    )


def _counted(
    want: npt.NDArray[np.generic], got: npt.NDArray[np.generic], labels: Sequence[str]
) -> tuple[LabelCounts, ...]:
    """From truths [n, labels] of both sides."""
    wanted, given = want.astype(bool), got.astype(bool)
    sums = (
        (wanted & given).sum(axis=0),
        (wanted & ~given).sum(axis=0),
        (~wanted & given).sum(axis=0),
    )
    columns = (column.tolist() for column in sums)
    return tuple(LabelCounts(*row) for row in zip(labels, *columns, strict=True))


def _confusions(
    pairs: Counter[tuple[int, int]], counts: Sequence[LabelCounts]
) -> Iterator[Confusion]:
    """Pairs of the labels with the most mistakes, in the labels' order; the others as None."""
    order = sorted(range(len(counts)), key=lambda n: -counts[n].missed - counts[n].spurious)
    shown = set(order if len(order) <= MOST_CONFUSED else order[:MOST_CONFUSED])
    told: Counter[tuple[int, int]] = Counter()
    for (gold, found), count in pairs.items():
        told[tuple(n if n in shown else len(counts) for n in (gold, found))] += count  # type: ignore[index]
    names = [*(one.label for one in counts), None]
    for (gold, found), count in sorted(told.items()):
        yield Confusion(names[gold], names[found], count)


def _example(kind: str, text: str, gold: Key | None, found: Key | None) -> EntityMistake:
    return EntityMistake(
        kind,
        gold and gold[2],
        found and found[2],
        gold and _clipped(text[gold[0] : gold[1]]),
        found and _clipped(text[found[0] : found[1]]),
    )


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
