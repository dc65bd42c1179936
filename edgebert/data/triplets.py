"""Pairs that belong together, and texts that do not: tables with an anchor and a positive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edgebert.data.rows import Row, head_of, place_of
from edgebert.errors import InputError

ANCHORED = ("anchor", "positive")
"""Columns of two texts that belong together, as sentence-transformers names them."""

_NEGATIVE = re.compile(r"negative(?:_([0-9]+))?")


def negative_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """`negative`, `negative_1`, `negative_2` and so on, in this order."""
    found = {name: match for name in columns if (match := _NEGATIVE.fullmatch(name))}
    return tuple(sorted(found, key=lambda name: int(found[name][1] or 0)))


def negatives_of_row(
    path: Path, row: Row, pair: Sequence[str], columns: Sequence[str]
) -> tuple[str, ...]:
    """The texts of one row, in `columns`, that do not belong to its anchor, the first of `pair`.

    Raises:
        InputError: a cell of the row is empty: one of `pair` or of `columns`.
    """
    number, cells = row
    for name in (*pair, *columns):
        if not isinstance(cells.get(name), str) or not cells[name].strip():
            raise InputError(f"{place_of(path, number)}: '{name}' should be text, and is empty")
    return tuple(cells[name] for name in columns)


def refuse_half_a_pair(path: Path, columns: Sequence[str]) -> None:
    """Refuse a table with one of an anchor and a positive, and not the other.

    Raises:
        InputError: it is one.
    """
    for here, absent in (ANCHORED, ANCHORED[::-1]):
        if here in columns and absent not in columns:
            raise InputError(
                f"{head_of(path)}: no column named {absent!r} beside {here!r}; "
                f"columns found: {', '.join(columns)}"
            )
