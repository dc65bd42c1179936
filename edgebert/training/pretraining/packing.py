"""The pairs of segments that BERT learns from, each of as many sentences as fit.

Devlin et al. 2019, `create_pretraining_data.py`. Unlike there, nothing is cut off: what does not
fit begins the next pair. And a segment from elsewhere is about as long as what really follows, so
that its length does not give it away.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgebert.training.pretraining.token_store import Ints, TokenStore

NO_QUESTION = -100
"""Where there is no second segment; cross entropy leaves it out."""

_SHORT = 0.1  # share of pairs that are short on purpose: later tasks have short texts
_ELSEWHERE = 0.5  # share of second segments that do not follow


@dataclass(frozen=True)
class Pairs:
    """Where the pairs are among the tokens of a store.

    Attributes:
        spans: int64 [pairs, 4], begin and end of the first segment and of the second; a second
            one that ends where it begins is not there.
        not_next: int64 [pairs], 0 where the second follows the first, 1 where it is from
            elsewhere, NO_QUESTION where there is none.
    """

    spans: Ints
    not_next: Ints

    @property
    def lengths(self) -> Ints:
        """int64 [pairs], tokens with `[CLS]` and a `[SEP]` after each segment."""
        first, second = self.spans[:, 1] - self.spans[:, 0], self.spans[:, 3] - self.spans[:, 2]
        lengths: Ints = first + second + 2 + (second > 0)
        return lengths


def pack(store: TokenStore, room: int, file: Path, generator: random.Random) -> Pairs:
    """Put all text of a store into pairs.

    Args:
        store: whose sentences have at most half of `room`.
        room: tokens that a pair may have, without `[CLS]` and `[SEP]`.
        file: what holds the pairs; they are read from there.
        generator: of the cuts, and of what comes from elsewhere.
    """
    with file.open("wb") as stream:
        for number in range(len(store)):
            found = [*_pairs(store, number, room, generator)]
            stream.write(np.array(found, np.int64).tobytes())
    rows = np.memmap(file, np.int64, "r").reshape(-1, 5)
    return Pairs(rows[:, :4], rows[:, 4])


def _pairs(
    store: TokenStore, number: int, room: int, generator: random.Random
) -> Iterator[tuple[int, int, int, int, int]]:
    """The pairs of a document: begin and end of both segments, and whether it is not the next."""
    at, last = (int(place) for place in store.documents[number : number + 2])
    starts = store.sentences[at : last + 1].tolist()
    at, last = 0, last - at
    while at < last:
        target = generator.randint(2, room) if generator.random() < _SHORT else room
        stop = max(_fitting(starts, at, target), min(at + 2, last))
        if stop - at == 1:
            yield starts[at], starts[stop], starts[stop], starts[stop], NO_QUESTION
            at = stop
            continue
        cut = generator.randrange(at + 1, stop)
        begin, middle, end = starts[at], starts[cut], starts[stop]
        other = generator.randrange(len(store))
        if generator.random() < _ELSEWHERE and other != number:
            left = room - (middle - begin)
            yield begin, middle, *_segment(store, other, end - middle, left, generator), 1
            at = cut  # what follows was not used
        else:
            yield begin, middle, middle, end, 0
            at = stop


def _segment(
    store: TokenStore, number: int, wanted: int, room: int, generator: random.Random
) -> tuple[int, int]:
    """Begin and end of sentences of a document, about `wanted` tokens and at most `room`.

    They begin anywhere from where so many tokens follow, or with the document.
    """
    first, last = (int(place) for place in store.documents[number : number + 2])
    starts = store.sentences[first : last + 1]
    begins = int(np.searchsorted(starts, starts[-1] - wanted, side="right"))
    at = generator.randrange(max(1, begins))
    stop = at + max(1, int(np.searchsorted(starts[at + 1 :], starts[at] + wanted, side="right")))
    if stop < last - first and abs(starts[stop + 1] - starts[at] - wanted) < abs(
        starts[at] + wanted - starts[stop]
    ):
        stop += 1
    return int(starts[at]), int(min(starts[stop], starts[at] + room))


def _fitting(starts: list[int], at: int, room: int) -> int:
    """Up to which sentence those from `at` on have no more than so many tokens."""
    stop = at
    while stop + 1 < len(starts) and starts[stop + 1] - starts[at] <= room:
        stop += 1
    return stop
