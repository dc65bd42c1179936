"""Targets of many sources that grow beside each other, a token in each step.

What has ended leaves its rows to others at once. Keys and values of the past lie in arrays that are
handed to the graph as they are; those of a beam are copied only where two targets continue one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from edgebert.arrays import Array, Integers
from edgebert.runtimes.translation.graphs import (
    ReadSource,
    StepInputs,
    TranslatorGraphs,
    widened,
)
from edgebert.runtimes.translation.search import (
    Continuations,
    Ended,
    likeliest,
    likeliest_of_beams,
    merged,
)

Owner = TypeVar("Owner")


@dataclass(frozen=True)
class Sown(Generic[Owner]):
    """A source whose targets begin.

    Attributes:
        owner: whoever asked for them.
        source: as it was read.
        ended: takes the targets.
    """

    owner: Owner
    source: ReadSource
    ended: Ended


class GrowingTargets(Generic[Owner]):
    """Runs steps for sources with as many beams each.

    Args:
        graphs: of the bundle.
        beams: of each source.
        rows: of a step at most; a source alone may have more.
    """

    def __init__(self, graphs: TranslatorGraphs, beams: int, rows: int) -> None:
        self._graphs = graphs
        self._beams = beams
        self._most = max(1, rows // beams)
        sources, writing = self._most, graphs.writing
        self._kept = writing.heads, writing.head_width
        self._arrays = 2 * writing.layers
        self._sown: list[Sown[Owner] | None] = []
        self._left = 0
        self._tokens = np.zeros(sources, np.int64)  # of each source
        self._lengths = np.zeros(sources, np.int64)  # of the targets of each source
        self._limits = np.zeros(sources, np.int64)
        self._full = np.zeros(sources, np.bool_)
        self._order = np.zeros((sources, beams), np.int64)  # the row of each place
        self._ids = np.zeros((sources * beams, 1), np.int64)
        self._scores = np.zeros(sources * beams, np.float32)
        self._written = np.zeros((sources * beams, widened(0)), np.int64)
        self._sums = np.zeros((sources * beams, widened(0)), np.float32)
        self._past = self._zeros(sources * beams, widened(0))
        self._cross = self._zeros(sources, widened(0))
        self._mask = np.zeros((sources, widened(0)), np.int64)

    def __len__(self) -> int:
        """Sources that have not ended."""
        return self._left

    @property
    def room(self) -> int:
        """Sources that may begin now."""
        return self._most - len(self)

    def sow(self, beginning: Sequence[Sown[Owner]]) -> None:
        """Begin the targets of some sources, as many as there is room for."""
        if not beginning:
            return
        self._widen_sources(max(one.source.tokens for one in beginning))
        holes = [place for place, one in enumerate(self._sown) if one is None]
        self._left += len(beginning)
        for one in beginning:
            if holes:
                place = holes.pop()
                self._sown[place] = one
            else:
                place = len(self._sown)
                self._sown.append(one)
            self._begin(place, one)

    def step(self) -> list[Sown[Owner]]:
        """Write a token more of each target; give those sources that are done."""
        self._close_holes()
        sources, beams = len(self._sown), self._beams
        self._fit_widths(sources)
        inputs = self._inputs(sources)
        scores, order = self._scores[: sources * beams], self._order[:sources]
        if self._graphs.picks:
            sums, tokens = self._graphs.pick(inputs, scores, 1 if beams == 1 else 2 * beams)
            return self._grow(merged(sums, tokens, order))
        likely, present = self._graphs.step(inputs)
        self._keep(inputs.lengths, present)
        if beams == 1:
            return self._grow(likeliest(likely[:, 0], scores))
        places = np.argsort(order, axis=1)
        return self._grow(likeliest_of_beams(likely[:, 0], scores, places))

    def drop(self, gone: Callable[[Owner], bool]) -> None:
        """Forget the sources of some owners."""
        for place, one in enumerate(self._sown):
            if one is not None and gone(one.owner):
                self._sown[place] = None
                self._left -= 1

    def clear(self) -> list[Sown[Owner]]:
        """Forget all sources; give them."""
        left = [one for one in self._sown if one is not None]
        self._sown, self._left = [], 0
        return left

    # Where things lie.

    def _zeros(self, rows: int, width: int) -> list[Array]:
        heads, head_width = self._kept
        shape = (rows, heads, width, head_width)
        return [np.zeros(shape, np.float32) for _ in range(self._arrays)]

    def _begin(self, place: int, one: Sown[Owner]) -> None:
        beams, tokens = self._beams, one.source.tokens
        rows = slice(place * beams, (place + 1) * beams)
        self._tokens[place] = tokens
        self._lengths[place] = 0
        self._limits[place] = one.ended.limit
        self._full[place] = False
        self._order[place] = np.arange(beams)
        self._ids[rows] = self._graphs.writing.begin_id
        self._scores[rows] = -np.inf  # all beams are alike at first, and one is enough
        self._scores[place * beams] = 0.0
        self._mask[place] = np.arange(self._mask.shape[1]) < tokens
        for kept, cross in zip(self._cross, one.source.cross, strict=True):
            kept[place, :, :tokens] = cross

    def _close_holes(self) -> None:
        """Move the last sources to where others have left."""
        sown = self._sown
        for place in range(len(sown) - 1, -1, -1):
            if sown[place] is None:
                last = len(sown) - 1
                if place < last:
                    self._move(last, place)
                sown.pop()

    def _move(self, start: int, end: int) -> None:
        beams = self._beams
        self._sown[end] = self._sown[start]
        for per_source in (self._tokens, self._lengths, self._limits, self._full, self._order):
            per_source[end] = per_source[start]
        tokens, length = self._tokens[start], self._lengths[start]
        self._mask[end] = self._mask[start]
        for cross in self._cross:
            cross[end, :, :tokens] = cross[start, :, :tokens]
        a, b = slice(start * beams, (start + 1) * beams), slice(end * beams, (end + 1) * beams)
        for per_row in (self._ids, self._scores, self._written, self._sums):
            per_row[b] = per_row[a]
        for past in self._past:
            past[b, :, :length] = past[a, :, :length]

    def _fit_widths(self, sources: int) -> None:
        """Have as much room for each past as the longest needs, and little more."""
        length = int(self._lengths[:sources].max(initial=0)) + 1
        width, needed = self._past[0].shape[2], widened(length)
        if width < needed or width > 2 * needed:
            rows = sources * self._beams
            self._past = [self._rewidened(one, rows, needed) for one in self._past]
        if self._written.shape[1] < length:
            more = ((0, 0), (0, self._written.shape[1]))
            self._written, self._sums = np.pad(self._written, more), np.pad(self._sums, more)
        tokens = widened(int(self._tokens[:sources].max(initial=0)))
        if self._mask.shape[1] > tokens:
            self._set_source_width(tokens)

    def _widen_sources(self, tokens: int) -> None:
        if self._mask.shape[1] < tokens:
            self._set_source_width(widened(tokens))

    def _set_source_width(self, width: int) -> None:
        sources = len(self._sown)
        self._cross = [self._rewidened(one, sources, width) for one in self._cross]
        self._mask = np.zeros((len(self._mask), width), np.int64)
        self._mask[:sources] = np.arange(width) < self._tokens[:sources, None]

    def _rewidened(self, array: Array, rows: int, width: int) -> Array:
        heads, head_width = self._kept
        new = np.zeros((len(array), heads, width, head_width), np.float32)
        both = min(width, array.shape[2])
        new[:rows, :, :both] = array[:rows, :, :both]
        return new

    # A step.

    def _inputs(self, sources: int) -> StepInputs:
        rows = sources * self._beams
        return StepInputs(
            ids=self._ids[:rows],
            lengths=np.repeat(self._lengths[:sources], self._beams),
            past=[past[:rows] for past in self._past],
            cross=[cross[:sources] for cross in self._cross],
            source_mask=self._mask[:sources],
        )

    def _keep(self, lengths: Integers, present: Sequence[Array]) -> None:
        """Put keys and values of the tokens that were read behind those of the tokens before."""
        row = np.arange(len(lengths))
        for past, new in zip(self._past, present, strict=True):
            past[row, :, lengths] = new[:, :, 0]

    def _grow(self, found: Continuations) -> list[Sown[Owner]]:
        """Continue targets; give the sources that are done."""
        sources, beams = len(self._sown), self._beams
        lengths = self._lengths[:sources]
        ends = found.tokens == self._graphs.writing.end_id
        asked = ends[:, :beams].any(axis=1) | self._full[:sources]
        asked |= lengths + 1 >= self._limits[:sources]
        done = [
            one
            for place in np.flatnonzero(asked).tolist()
            if (one := self._asked(place, found)) is not None
        ]
        source = np.arange(sources)[:, None]
        grows = np.argsort(ends, axis=1, kind="stable")[:, :beams]
        tokens, values = found.tokens[source, grows], found.values[source, grows]
        rows = self._reordered(found.beams[source, grows])
        self._ids[rows, 0] = tokens
        self._scores[rows] = values
        self._written[rows, lengths[:, None]] = tokens
        self._sums[rows, lengths[:, None]] = values
        lengths += 1
        return done

    def _asked(self, place: int, found: Continuations) -> Sown[Owner] | None:
        """Let a source look at its targets; give it where it is done."""
        one = self._sown[place]
        assert one is not None
        beams, length = self._beams, int(self._lengths[place])
        rows = place * beams + self._order[place]
        best = zip(
            found.values[place].tolist(),
            found.beams[place].tolist(),
            found.tokens[place].tolist(),
            strict=True,
        )
        one.ended.step(list(best), self._written[rows, :length], self._sums[rows, :length])
        self._full[place] = one.ended.full
        if not one.ended.done:
            return None
        self._sown[place] = None
        self._left -= 1
        return one

    def _reordered(self, parents: Integers) -> Integers:
        """Give each target that continues a row, and copy what two of them continue.

        Args:
            parents: place of the target that each continues, [sources, beams].

        Returns:
            The row of each, [sources, beams].
        """
        sources, beams = parents.shape
        first: Integers = np.arange(sources)[:, None]
        if beams == 1:
            return first
        parent = self._order[first, parents]
        alike = parent[:, :, None] == parent[:, None, :]
        again = np.tril(alike, -1).any(axis=2)  # its parent's row is an earlier one's
        used = np.zeros((sources, beams), np.bool_)
        used[first, parent] = True
        row: Integers = parent.copy()
        if again.any():
            free = np.argsort(used, axis=1, kind="stable")
            rank = np.cumsum(again, axis=1) - 1
            source, child = np.nonzero(again)
            row[source, child] = free[source, rank[source, child]]
            start = source * beams
            self._copy(start + parent[source, child], start + row[source, child], source)
        self._order[:sources] = row
        rows: Integers = row + beams * first
        return rows

    def _copy(self, start: Integers, end: Integers, source: Integers) -> None:
        length = int(self._lengths[source].max()) + 1
        self._written[end, :length] = self._written[start, :length]
        self._sums[end, :length] = self._sums[start, :length]
        for past in self._past:
            past[end, :, :length] = past[start, :, :length]
