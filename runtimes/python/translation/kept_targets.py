"""What is kept of targets between two steps: what was written, and keys and values for the graph.

Those of the past lie in arrays that are handed to the graph as they are; of beams they are copied
only where two targets continue one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgebert.arrays import Array, Integers
from edgebert.records.manifest import Writing
from edgebert.runtimes.translation.graphs import ReadSource, StepInputs, widened


class KeptTargets:
    """Targets of some sources, as many of each as there are beams.

    A source has a place, from 0 on without holes where a step is made; its targets have the rows
    from `place * beams` on.

    Args:
        writing: of the bundle.
        sources: at most.
        beams: of each source.

    Attributes:
        tokens: of each source, int64 [sources].
        lengths: of the targets of each source, int64 [sources].
        limits: of these lengths, int64 [sources].
        full: whether as many targets of a source have ended as there are beams, bool [sources].
        order: the row, counted from the source's first, that stands in each place among its
            targets, the likeliest first, int64 [sources, beams].
        scores: sums of log-probabilities, float32 [rows].
        written: tokens of each target so far, int64 [rows, room].
        sums: of the log-probabilities up to each of them, float32 [rows, room].
    """

    def __init__(self, writing: Writing, sources: int, beams: int) -> None:
        self._writing, self._beams = writing, beams
        rows = sources * beams
        self.tokens = np.zeros(sources, np.int64)
        self.lengths = np.zeros(sources, np.int64)
        self.limits = np.zeros(sources, np.int64)
        self.full = np.zeros(sources, np.bool_)
        self.order = np.zeros((sources, beams), np.int64)
        self.scores = np.zeros(rows, np.float32)
        self.written = np.zeros((rows, widened(0)), np.int64)
        self.sums = np.zeros((rows, widened(0)), np.float32)
        self._ids = np.zeros((rows, 1), np.int64)
        self._past = self._zeros(rows, widened(0))
        self._cross = self._zeros(sources, widened(0))
        self._mask = np.zeros((sources, widened(0)), np.int64)

    def begin(self, place: int, source: ReadSource, limit: int) -> None:
        """Put a source, for which `widen_sources` made room, into a place; nothing is written yet."""
        beams, tokens = self._beams, source.tokens
        rows = self._rows_of(place)
        self.tokens[place] = tokens
        self.lengths[place] = 0
        self.limits[place] = limit
        self.full[place] = False
        self.order[place] = np.arange(beams)
        self._ids[rows] = self._writing.begin_id
        self.scores[rows] = -np.inf  # all beams are alike at first, and one is enough
        self.scores[place * beams] = 0.0
        self._mask[place] = np.arange(self._mask.shape[1]) < tokens
        for kept, cross in zip(self._cross, source.cross, strict=True):
            kept[place, :, :tokens] = cross

    def move(self, start: int, end: int) -> None:
        """Move a source and its targets to another place."""
        for per_source in (self.tokens, self.lengths, self.limits, self.full, self.order):
            per_source[end] = per_source[start]
        tokens, length = self.tokens[start], self.lengths[start]
        self._mask[end] = self._mask[start]
        for cross in self._cross:
            cross[end, :, :tokens] = cross[start, :, :tokens]
        old, new = self._rows_of(start), self._rows_of(end)
        for per_row in (self._ids, self.scores, self.written, self.sums):
            per_row[new] = per_row[old]
        for past in self._past:
            past[new, :, :length] = past[old, :, :length]

    def widen_sources(self, sources: int, tokens: int) -> None:
        """Have room for so many tokens of a source.

        Args:
            sources: that are there now.
            tokens: of the longest that is to come.
        """
        if self._mask.shape[1] < tokens:
            self._set_source_width(sources, widened(tokens))

    def fit_widths(self, sources: int) -> None:
        """Have as much room as the longest past and the longest of these sources need, and little more."""
        length = int(self.lengths[:sources].max(initial=0)) + 1
        width, needed = self._past[0].shape[2], widened(length)
        if width < needed or width > 2 * needed:
            rows = sources * self._beams
            self._past = [self._rewidened(one, rows, needed) for one in self._past]
        if self.written.shape[1] < length:
            more = ((0, 0), (0, self.written.shape[1]))
            self.written, self.sums = np.pad(self.written, more), np.pad(self.sums, more)
        tokens = widened(int(self.tokens[:sources].max(initial=0)))
        if self._mask.shape[1] > tokens:
            self._set_source_width(sources, tokens)

    def inputs(self, sources: int) -> StepInputs:
        """What the next step of the first sources reads; the arrays are those of here."""
        rows = sources * self._beams
        return StepInputs(
            ids=self._ids[:rows],
            lengths=np.repeat(self.lengths[:sources], self._beams),
            past=[past[:rows] for past in self._past],
            cross=[cross[:sources] for cross in self._cross],
            source_mask=self._mask[:sources],
        )

    def keep(self, lengths: Integers, present: Sequence[Array]) -> None:
        """Put keys and values of the tokens that were read behind those of the tokens before."""
        row = np.arange(len(lengths))
        for past, new in zip(self._past, present, strict=True):
            past[row, :, lengths] = new[:, :, 0]

    def write(self, parents: Integers, tokens: Integers, values: Array) -> None:
        """Continue targets of the first sources by a token each.

        Args:
            parents: place of the target that each continues, [sources, beams].
            tokens: that are written, [sources, beams].
            values: sums of log-probabilities with them, [sources, beams].
        """
        rows = self._reordered(parents)
        lengths = self.lengths[: len(parents)]
        self._ids[rows, 0] = tokens
        self.scores[rows] = values
        self.written[rows, lengths[:, None]] = tokens
        self.sums[rows, lengths[:, None]] = values
        lengths += 1

    def _rows_of(self, place: int) -> slice:
        return slice(place * self._beams, (place + 1) * self._beams)

    def _reordered(self, parents: Integers) -> Integers:
        """Give each target that continues a row, and copy what two of them continue.

        Returns:
            The row of each, [sources, beams].
        """
        sources, beams = parents.shape
        first: Integers = np.arange(sources)[:, None]
        if beams == 1:
            return first
        parent = self.order[first, parents]
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
        self.order[:sources] = row
        rows: Integers = row + beams * first
        return rows

    def _copy(self, start: Integers, end: Integers, source: Integers) -> None:
        length = int(self.lengths[source].max()) + 1
        self.written[end, :length] = self.written[start, :length]
        self.sums[end, :length] = self.sums[start, :length]
        for past in self._past:
            past[end, :, :length] = past[start, :, :length]

    def _set_source_width(self, sources: int, width: int) -> None:
        self._cross = [self._rewidened(one, sources, width) for one in self._cross]
        self._mask = np.zeros((len(self._mask), width), np.int64)
        self._mask[:sources] = np.arange(width) < self.tokens[:sources, None]

    def _zeros(self, rows: int, width: int) -> list[Array]:
        shape = (rows, self._writing.heads, width, self._writing.head_width)
        return [np.zeros(shape, np.float32) for _ in range(2 * self._writing.layers)]

    def _rewidened(self, array: Array, rows: int, width: int) -> Array:
        new = np.zeros((*array.shape[:2], width, array.shape[3]), np.float32)
        both = min(width, array.shape[2])
        new[:rows, :, :both] = array[:rows, :, :both]
        return new
