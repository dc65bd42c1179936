"""The likeliest continuations of targets, and which targets have ended.

The search of `edgebert.checkpoint.translation.decoding`, over the rows of one step: of equal sums the
target that stood first is likelier, and of its tokens the lower one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edgebert.arrays import Array, Integers
from edgebert.runtimes.translation.graphs import check_finite
from edgebert.runtimes.translation.options import TranslationOptions

_BLOCK = 64
"""Tokens of a row whose largest sum is looked at in the place of all."""


@dataclass(frozen=True)
class Continuations:
    """The likeliest of each source, the likeliest first.

    Attributes:
        values: sums of log-probabilities, float32 [sources, found].
        beams: in which place the targets stood that they continue, int64 [sources, found].
        tokens: int64 [sources, found].
    """

    values: Array
    beams: Integers
    tokens: Integers


def likeliest(likely: Array, scores: Array) -> Continuations:
    """The one likeliest continuation of each row.

    Args:
        likely: float32 [rows, vocabulary]; changed in place.
        scores: of each target so far, float32 [rows].
    """
    likely += scores[:, None]
    tokens = likely.argmax(axis=1)
    values = check_finite(likely[np.arange(len(tokens)), tokens])
    return Continuations(values[:, None], np.zeros_like(tokens)[:, None], tokens[:, None])


def likeliest_of_beams(likely: Array, scores: Array, places: Integers) -> Continuations:
    """The likeliest continuations of each source, twice as many as it has beams.

    No row is sorted. What is among the likeliest is no less than the least of so many largest sums
    of blocks; adding a score to a block's largest log-probability gives its largest sum, because
    rounding keeps an order.

    Args:
        likely: float32 [sources * beams, vocabulary].
        scores: of each target so far, float32 [sources * beams].
        places: in which place of its source each row stands, int64 [sources, beams].
    """
    sources, beams = places.shape
    found = 2 * beams
    rows, vocabulary = likely.shape
    blocks = vocabulary // _BLOCK if vocabulary >= 2 * _BLOCK else 0
    inside = blocks * _BLOCK
    # Token i is of block i % blocks, so that numpy compares whole rows of blocks at once.
    largest = np.concatenate(
        (likely[:, :inside].reshape(rows, _BLOCK, blocks).max(axis=1), likely[:, inside:]), axis=1
    )
    largest += scores[:, None]
    check_finite(largest)
    wide = largest.reshape(sources, -1)
    least = np.partition(wide, wide.shape[1] - found, axis=1)[:, wide.shape[1] - found]
    among = np.nonzero(largest >= np.repeat(least, beams)[:, None])
    row, token = _tokens_of(among[0], among[1], blocks, inside)
    sums = likely[row, token] + scores[row]
    source = row // beams
    kept = np.flatnonzero(sums >= least[source])
    row, token, sums, source = row[kept], token[kept], sums[kept], source[kept]
    place = places.reshape(-1)[row]
    order = np.lexsort((token, place, -sums, source))
    starts = np.searchsorted(source, np.arange(sources))
    chosen = order[starts[:, None] + np.arange(found)]
    return Continuations(sums[chosen], place[chosen], token[chosen])


def merged(sums: Array, tokens: Integers, order: Integers) -> Continuations:
    """The likeliest continuations of each source, of those of each of its rows.

    Args:
        sums: of log-probabilities, the highest of each row first, of equal ones that of the lower
            token; float32 [sources * beams, found].
        tokens: int64 [sources * beams, found].
        order: the row of each source that stands in each place, int64 [sources, beams].
    """
    sources, beams = order.shape
    found = sums.shape[1]
    check_finite(sums)
    source = np.arange(sources)[:, None]
    # In the order of places a stable sort leaves equal sums as they are to stand.
    sums = sums.reshape(sources, beams, found)[source, order].reshape(sources, -1)
    tokens = tokens.reshape(sources, beams, found)[source, order].reshape(sources, -1)
    best = np.argsort(-sums, axis=1, kind="stable")[:, :found]
    return Continuations(sums[source, best], best // found, tokens[source, best])


def _tokens_of(
    row: Integers, column: Integers, blocks: int, inside: int
) -> tuple[Integers, Integers]:
    """All tokens of some blocks, with their rows: row by row."""
    whole = column < blocks
    members = np.arange(_BLOCK)[None, :] * blocks + column[whole][:, None]
    tail = np.flatnonzero(~whole)
    token = np.concatenate((members.reshape(-1), column[tail] - blocks + inside))
    rows = np.concatenate((np.repeat(row[whole], _BLOCK), row[tail]))
    order = np.argsort(rows, kind="stable")
    return rows[order], token[order]


@dataclass(frozen=True)
class Target:
    """A target that has ended.

    Attributes:
        score: its log-probability over its tokens, to the length penalty.
        tokens: ids, the end's last where it ended by it.
        sums: of the log-probabilities of its tokens up to each.
    """

    score: float
    tokens: tuple[int, ...]
    sums: tuple[float, ...]


@dataclass
class Ended:
    """The likeliest targets of a source that have ended, the best first.

    Args:
        options: of the search.
        limit: tokens of a target at most.
        end: id of the token that ends one.
    """

    options: TranslationOptions
    limit: int
    end: int
    targets: list[Target] = field(default_factory=list)
    done: bool = False

    @property
    def full(self) -> bool:
        """Whether as many have ended as there are beams."""
        return len(self.targets) == self.options.beam

    def step(self, best: list[tuple[float, int, int]], written: Integers, sums: Array) -> None:
        """Look at what continues the targets.

        Args:
            best: value, beam and token of the likeliest, the likeliest first.
            written: tokens of each beam so far, [beams, tokens].
            sums: as in `Target`, [beams, tokens].
        """
        beams = self.options.beam
        length = written.shape[1] + 1
        penalty = self.options.penalty(length)
        grows = [one for one in best if one[2] != self.end][:beams]
        for value, beam, token in best[:beams]:
            if token == self.end:
                self._keep(value / penalty, written[beam], token, sums[beam], value)
        if length >= self.limit:
            for value, beam, token in grows:
                self._keep(value / penalty, written[beam], token, sums[beam], value)
            self.done = True
        elif self.full:
            self.done = beams == 1 or self.targets[-1].score >= grows[0][0] / penalty

    def _keep(self, score: float, tokens: Integers, last: int, sums: Array, value: float) -> None:
        target = Target(score, (*tokens.tolist(), last), (*sums.tolist(), value))
        self.targets.append(target)
        self.targets.sort(key=lambda target: -target.score)
        del self.targets[self.options.beam :]
