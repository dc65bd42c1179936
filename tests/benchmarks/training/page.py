"""The table of README.md, from a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.page_rows import IN_A_COMMAND, IN_A_LIST, Part, table_part, write_rows
from benchmarks.training.record import Trained, TrainingTable
from benchmarks.training.rows import ROWS

PAGE = Path(__file__).with_name("README.md")
_HEADER = (
    "model", "metric", "goal", "dev", "fp32", "int8", "int8 loses (95 %)", "others",
    "int8, MB", "p50, ms (before)", "trained, min", "measured on",
)  # fmt: skip


def write_table(record: TrainingTable, page: Path = PAGE) -> None:
    """Put the rows of `record` into `page`, in place of what stands there of them.

    Raises:
        InputError: the page has no place for them.
    """
    rows = record.rows
    write_rows(page, parts(rows), {row.name for row in rows}, tuple(ROWS))


def parts(rows: Sequence[Trained]) -> list[Part]:
    """Models, what each was held to and reached and where, commands, and what was missed."""
    missed = [f"- {sentence}" for row in rows for sentence in row.missed()]
    return [
        table_part(_HEADER, [tuple(_cells(row)) for row in rows]),
        Part("By these commands:\n\n", tuple(f"    {row.command}" for row in rows), IN_A_COMMAND),
        Part("Missed:\n\n", tuple(missed), IN_A_LIST, "No goal missed."),
    ]


def _cells(row: Trained) -> Iterator[str]:
    low, high = row.ci95 or (float("nan"), float("nan"))
    told = {name.removeprefix(f"{row.metric}_"): value for name, value in row.parts.items()}
    told |= {**row.also, **({} if row.before is None else {"before": row.before})}
    also = "".join(f"; {name} {value:.2f}" for name, value in told.items())
    yield row.name
    yield row.metric
    yield "" if row.goal is None else f">= {row.goal:.4g}"
    yield "" if row.dev is None else f"{row.dev:.2f}"
    yield f"**{row.fp32:.2f}**{also}"
    yield f"{row.int8:.2f}"
    yield f"{row.drop:.2f} ({low:.2f} to {high:.2f})"
    yield row.anchor
    yield f"{row.size_mb:.1f}"
    yield "" if row.p50_ms is None else f"{row.p50_ms:.2f} ({row.start_p50_ms:.2f})"
    yield f"{row.seconds / 60:.1f}, {row.precision}"
    yield row.where
