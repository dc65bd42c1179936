"""The table of README.md, from a record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.page_table import write_into
from benchmarks.training.record import Trained, TrainingTable

PAGE = Path(__file__).with_name("README.md")
_HEADER = (
    "model", "metric", "goal", "dev", "fp32", "int8", "int8 loses (95 %)", "others",
    "int8, MB", "p50, ms (before)", "trained, min",
)  # fmt: skip


def write_table(record: TrainingTable, page: Path = PAGE) -> None:
    """Put the table of `record` in place of the one in `page`.

    Raises:
        InputError: the page has no place for it.
    """
    write_into(page, table(record))


def table(record: TrainingTable) -> str:
    """Models, what each was held to and reached, the machine, and what was missed."""
    lines = [_line(_HEADER), _line(["---"] * len(_HEADER)), *map(_line, map(_cells, record.rows))]
    machine = (
        f"{record.machine.cpu_and_class}, training on {record.threads} thread"
        f"{'s' if record.threads > 1 else ''}, {record.created[:10]}. From {record.start}, one seed "
        "each. p50: one text of 128 tokens on one thread, and that of the start in the same run."
    )
    commands = "\n".join(f"    {row.command}" for row in record.rows)
    missed = [f"- {sentence}" for row in record.rows for sentence in row.missed()]
    told = ["\n".join(lines), machine, commands]
    return "\n\n".join([*told, "Missed:\n\n" + "\n".join(missed) if missed else "No goal missed."])


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


def _line(cells: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
