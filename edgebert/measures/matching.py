"""Whether texts of two sides that belong together find each other: bitext retrieval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgebert.arrays import Array
from edgebert.measures.compared import Floats
from edgebert.measures.similarity import all_similarities, comparable
from edgebert.records.manifest import COSINE

MATCHED = ("accuracy_at_1", "accuracy_at_1_forward", "accuracy_at_1_back", "decided_at_1")
"""Of both sides, of the first, of the second; and how often the nearest text is no other one too."""

_HELD = 1 << 22  # similarities that are held at once, 16 MB
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Matches:
    """Which texts of two sides belong together, each text once, by number.

    Attributes:
        pairs: of each pair its first and its second text.
        identical: first texts that are a second text too, of another pair: that one is passed over,
            in both directions.
    """

    pairs: Sequence[tuple[int, int]]
    identical: Mapping[int, int] = field(default_factory=dict)

    def turned(self) -> Matches:
        return Matches(
            [(second, first) for first, second in self.pairs],
            {second: first for first, second in self.identical.items()},
        )


@dataclass(frozen=True)
class PairedTexts:
    """The texts of pairs by side, each once, and which belong together."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    matches: Matches

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> PairedTexts:
        first, second = (
            {text: place for place, text in enumerate(dict.fromkeys(side))}
            for side in zip(*pairs, strict=True)
        )
        together = [(first[one], second[other]) for one, other in pairs]
        known = set(together)
        identical = {
            place: second[text]
            for text, place in first.items()
            if text in second and (place, second[text]) not in known
        }
        return cls(tuple(first), tuple(second), Matches(together, identical))


def match_rows(
    first: Array, second: Array, matches: Matches, similarity: str = COSINE
) -> dict[str, Floats]:
    """What `MATCHED` names: float64 [pairs, looks], 1 where it is so and else 0.

    A text is right where the nearest one of the other side belongs to it, in whichever pair. Where
    one that does not is equally near, rounding aside, it is wrong, and not decided: nothing is won
    by the order of a file. Similarities are computed in blocks, of which none grows with the square.

    Artetxe & Schwenk 2019, "Massively Multilingual Sentence Embeddings for Zero-Shot Cross-Lingual
    Transfer and Beyond", report this of Tatoeba, as an error.

    Args:
        first, second: embeddings of the texts of each side, each once, float32 [texts, dim].
        matches: which belong together.
        similarity: what they are compared by.
    """
    a, b = comparable(first, similarity), comparable(second, similarity)
    to = _looked_up(a, b, matches, similarity)
    back = _looked_up(b, a, matches.turned(), similarity)
    looks = ((to[0], back[0]), (to[0],), (back[0],), (to[1], back[1]))
    return {name: np.stack(rows, axis=1) for name, rows in zip(MATCHED, looks, strict=True)}


def _looked_up(asked: Array, candidates: Array, matches: Matches, similarity: str) -> Floats:
    """Whether what the first text of each pair finds is right, and whether that is decided.

    Returns:
        float64 [2, pairs], 0 and 1.
    """
    lead = _leads(asked, candidates, matches, similarity)[[text for text, _ in matches.pairs]]
    return np.stack([lead > _ROUNDING, ~(np.abs(lead) <= _ROUNDING)]).astype(np.float64)


def _leads(asked: Array, candidates: Array, matches: Matches, similarity: str) -> Floats:
    """How much nearer than all others the nearest text is that belongs to each that is asked.

    As a share of its similarity, where that is larger than 1: rounding grows with it.
    """
    partners: list[list[int]] = [[] for _ in asked]
    for text, partner in matches.pairs:
        partners[text].append(partner)
    leads, step = np.empty(len(asked)), max(1, _HELD // len(candidates))
    for start in range(0, len(asked), step):
        block = all_similarities(asked[start : start + step], candidates, similarity)
        for text, near in enumerate(block, start=start):
            best = near[partners[text]].max()
            near[partners[text]] = -np.inf
            if text in matches.identical:
                near[matches.identical[text]] = -np.inf
            leads[text] = (best - near.max()) / max(1.0, abs(best))
    return leads
