"""Tables and phrases of which several commands make what they print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from edgebert.records.manifest import Count, Drift, KindDrift

Row = Sequence[object]


def table(header: Sequence[str], rows: Iterable[Row]) -> str:
    """Columns as wide as their widest cell; numbers should come formatted."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def written(path: str, passed: bool) -> str:
    """An output by its name, and whether a gate kept it from being there."""
    return path if passed else f"{path} (not written)"


def without_embedding(tokens: Sequence[str]) -> str:
    """Say which tokens a model cannot read; nothing where it reads all."""
    if not tokens:
        return ""
    shown = ", ".join(map(repr, tokens[:5])) + ", ..." * (len(tokens) > 5)
    return (
        f"warning: {len(tokens)} tokens have no embedding, and a text that holds one is refused: "
        f"{shown}\n"
    )


def coverage_text(coverage: Mapping[str, Count]) -> str:
    """How many parts of a kind were found, of how many."""
    parts = (
        f"{name.replace('_', ' ')} {count.found} of {count.expected}"
        for name, count in coverage.items()
        if count.expected or count.found
    )
    return ", ".join(parts) or "nothing"


def size_text(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"


def drift_line(drift: Drift | KindDrift) -> str:
    flips = "" if drift.flips is None else f", {100 * drift.flips:.2f} % of decisions changed"
    return (
        f"drift on {drift.n} texts ({drift.texts}): mean {drift.mean:.2g}, p99 {drift.p99:.2g}, "
        f"worst {drift.max:.2g}{flips}"
    )
