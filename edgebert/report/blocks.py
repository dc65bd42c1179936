"""What a page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup  # it comes with jinja2, which only the page needs


@dataclass(frozen=True)
class Table:
    """Rows of text. A `folded` table is closed until the reader opens it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    folded: bool = False

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, whether it holds numbers only, and so is set flush right."""
        return tuple(all(_is_number(row[i]) for row in self.rows) for i in range(len(self.header)))


def _is_number(cell: str) -> bool:
    """Whether a cell is a number, perhaps with a unit, or stands for one that is missing."""
    return len(cell) <= 16 and (cell[:1].isdigit() or cell[:1] in ("+", "-", "–"))


@dataclass(frozen=True)
class Figure:
    """A chart. `legend` pairs a name with the number of its colour; `alt` says what it shows."""

    caption: str
    svg: Markup
    alt: str
    legend: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Section:
    title: str
    note: str = ""
    warnings: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def anchor(self) -> str:
        return self.title.lower().replace(" ", "-")
