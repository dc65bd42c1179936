"""Targets of many sources that grow beside each other, a token in each step.

What has ended leaves its rows to others at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from edgebert.runtimes.translation.graphs import ReadSource, TranslatorGraphs
from edgebert.runtimes.translation.kept_targets import KeptTargets
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
        self._sown: list[Sown[Owner] | None] = []  # by their places
        self._left = 0
        self._kept = KeptTargets(graphs.writing, self._most, beams)

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
        self._kept.widen_sources(len(self._sown), max(one.source.tokens for one in beginning))
        holes = [place for place, one in enumerate(self._sown) if one is None]
        self._left += len(beginning)
        for one in beginning:
            if holes:
                place = holes.pop()
                self._sown[place] = one
            else:
                place = len(self._sown)
                self._sown.append(one)
            self._kept.begin(place, one.source, one.ended.limit)

    def step(self) -> list[Sown[Owner]]:
        """Write a token more of each target; give those sources that are done."""
        self._close_holes()
        sources, beams, kept = len(self._sown), self._beams, self._kept
        kept.fit_widths(sources)
        inputs = kept.inputs(sources)
        scores, order = kept.scores[: sources * beams], kept.order[:sources]
        if self._graphs.picks:
            sums, tokens = self._graphs.pick(inputs, scores, 1 if beams == 1 else 2 * beams)
            return self._grow(merged(sums, tokens, order))
        likely, present = self._graphs.step(inputs)
        kept.keep(inputs.lengths, present)
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

    def _close_holes(self) -> None:
        """Move the last sources to where others have left."""
        sown = self._sown
        for place in range(len(sown) - 1, -1, -1):
            if sown[place] is None:
                last = len(sown) - 1
                if place < last:
                    sown[place] = sown[last]
                    self._kept.move(last, place)
                sown.pop()

    def _grow(self, found: Continuations) -> list[Sown[Owner]]:
        """Continue targets; give the sources that are done."""
        sources, beams, kept = len(self._sown), self._beams, self._kept
        ends = found.tokens == self._graphs.writing.end_id
        asked = ends[:, :beams].any(axis=1) | kept.full[:sources]
        asked |= kept.lengths[:sources] + 1 >= kept.limits[:sources]
        done = [
            one
            for place in np.flatnonzero(asked).tolist()
            if (one := self._asked(place, found)) is not None
        ]
        source = np.arange(sources)[:, None]
        grows = np.argsort(ends, axis=1, kind="stable")[:, :beams]
        kept.write(
            found.beams[source, grows], found.tokens[source, grows], found.values[source, grows]
        )
        return done

    def _asked(self, place: int, found: Continuations) -> Sown[Owner] | None:
        """Let a source look at its targets; give it where it is done."""
        one = self._sown[place]
        assert one is not None
        kept, beams = self._kept, self._beams
        length = int(kept.lengths[place])
        rows = place * beams + kept.order[place]
        best = zip(
            found.values[place].tolist(),
            found.beams[place].tolist(),
            found.tokens[place].tolist(),
            strict=True,
        )
        one.ended.step(list(best), kept.written[rows, :length], kept.sums[rows, :length])
        kept.full[place] = one.ended.full
        if not one.ended.done:
            return None
        self._sown[place] = None
        self._left -= 1
        return one
