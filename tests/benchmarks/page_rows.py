"""Lines of a page that belong to rows: what is measured anew replaces what stood there of these rows.

Rows are measured on different days and machines, each of which a row names; the others stay.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.page_table import between, write_into
from edgebert.errors import InputError

IN_A_TABLE, IN_A_COMMAND, IN_A_LIST = r"\| ([^ |]+) \|", r"    .* -o (\S+)", r"- ([^ :]+):"
"""How a line names its row."""


@dataclass(frozen=True)
class Part:
    """Some lines below a heading.

    Attributes:
        head: what stands above them, with its line breaks.
        lines: of rows, one or more of each.
        owner: finds the name of its row at the beginning of a line.
        none: what is told where there are no lines.
    """

    head: str
    lines: tuple[str, ...]
    owner: str
    none: str = ""

    def told(self) -> str:
        return self.head + "\n".join(self.lines) if self.lines else self.none

    def row_of(self, line: str) -> str:
        found = re.match(self.owner, line)
        if found is None:
            raise InputError(f"no row is known by the line {line!r}")
        return found[1]

    def earlier(self, text: str) -> tuple[str, ...]:
        """The lines that a page has there now."""
        _, head, rest = text.partition(self.head)
        if not head and not (self.none and self.none in text):
            raise InputError(
                f"the page has no {self.head.splitlines()[0]!r}, below which rows stay"
            )
        return tuple(rest.partition("\n\n")[0].splitlines())


def table_part(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Part:
    """A table whose first column names the row."""
    first, rule, *lines = (
        f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)
    )
    return Part(f"{first}\n{rule}\n", tuple(lines), IN_A_TABLE)


def write_rows(
    page: Path, parts: Sequence[Part], now: Collection[str], order: Sequence[str]
) -> None:
    """Put parts into a page; lines of rows that were not measured now stay.

    Args:
        page: has such parts already, or nothing in their place.
        parts: with lines of the rows that were measured now.
        now: their names.
        order: of all names.

    Raises:
        InputError: the page has no place for them, or parts with other heads.
    """
    before = between(page.read_text(encoding="utf-8")).strip()
    if before:
        parts = [_with_earlier(part, before, now, order) for part in parts]
    write_into(page, "\n\n".join(told for part in parts if (told := part.told())))


def _with_earlier(part: Part, text: str, now: Collection[str], order: Sequence[str]) -> Part:
    kept = [line for line in part.earlier(text) if part.row_of(line) not in now]
    lines = sorted((*kept, *part.lines), key=lambda line: order.index(part.row_of(line)))
    return replace(part, lines=tuple(lines))
