"""Tags that continue an entity where none of their type is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CONTINUES, _CLOSES = frozenset("IME"), frozenset("ESLU")


@dataclass(frozen=True)
class Torn:
    """The first such tag of a file, and how many there are."""

    line: int
    tag: str
    count: int


def torn_tags(sentences: Iterable[Sequence[tuple[int, str]]]) -> Torn | None:
    """Find I-X, M-X and E-X behind a tag that leaves no X open.

    In the scheme IOB1 every entity begins so that does not touch another: there it means nothing,
    and such a file is known by more of them than of B-X.

    Args:
        sentences: of each its tags, with the lines they stand in.
    """
    first: tuple[int, str] | None = None
    torn = begun = 0
    for sentence in sentences:
        before = "O"
        for line, tag in sentence:
            begun += tag.startswith("B-")
            if tag[0] in _CONTINUES and "-" in tag and not _is_open(before, tag):
                torn += 1
                first = first or (line, tag)
            before = tag
    return Torn(*first, torn) if first is not None and torn < begun else None


def _is_open(before: str, tag: str) -> bool:
    return before != "O" and before[0] not in _CLOSES and before[2:] == tag[2:]
