"""Tags that continue an entity where none of their type is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgebert.data.entities import goes_on_with, type_of

_CONTINUES = ("I-", "M-", "E-")


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
        going_on: str | None = None
        for line, tag in sentence:
            begun += tag.startswith("B-")
            if tag.startswith(_CONTINUES) and going_on != type_of(tag):
                torn += 1
                first = first or (line, tag)
            going_on = goes_on_with(tag)
    return Torn(*first, torn) if first is not None and torn < begun else None
