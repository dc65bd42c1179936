"""The tables of README.md, from a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.page_rows import IN_A_COMMAND, IN_A_LIST, Part, table_part, write_rows
from benchmarks.translation.record import Bundled, Drop, Trained, TranslationTable
from benchmarks.translation.rows import ROWS
from edgebert.report.formats import megabytes

PAGE = Path(__file__).with_name("README.md")

_SCORES = ("model", "test", "by", "beams", "BLEU, lower-cased", "BLEU", "chrF", "length", "s")
_INT8 = (
    "model", "test", "loses, greedy: BLEU (95 %)", "chrF", "loses, 4 beams: BLEU (95 %)", "chrF",
    "next tokens agree", "same text", "unfinished (loops): fp32", "int8",
)  # fmt: skip
_TRAINED = (
    "model", "weights", "trained, min", "fp32, MB", "int8, MB", "source pieces", "measured on",
    "sacrebleu",
)  # fmt: skip


def write_table(record: TranslationTable, page: Path = PAGE) -> None:
    """Put the rows of `record` into `page`, in place of what stands there of them.

    Raises:
        InputError: the page has no place for them.
    """
    rows = record.rows
    write_rows(page, parts(rows), {row.name for row in rows}, tuple(ROWS))


def parts(rows: Sequence[Trained]) -> list[Part]:
    """Scores, what int8 loses, sizes and machines, commands and what was missed."""
    missed = [f"- {sentence}" for row in rows for sentence in row.missed()]
    lost = [cells for row in rows if row.bundled for cells in _lost(row.name, row.bundled)]
    return [
        table_part(_SCORES, [cells for row in rows for cells in score_cells(row)]),
        table_part(_INT8, lost),
        table_part(_TRAINED, [_made(row) for row in rows]),
        Part("By these commands:\n\n", tuple(f"    {row.command}" for row in rows), IN_A_COMMAND),
        Part("Missed:\n\n", tuple(missed), IN_A_LIST, "No goal missed."),
    ]


def score_cells(row: Trained) -> Iterator[tuple[str, ...]]:
    """A line for each test, search and what wrote it."""
    for one in (*row.measured, *(row.bundled.measured if row.bundled else ())):
        yield (
            row.name,
            Path(one.test).stem,
            one.by,
            str(one.beams),
            f"{one.bleu_lower_case:.2f}",
            f"{one.bleu:.2f}",
            f"{one.chrf:.2f}",
            f"{one.length_ratio:.3f}",
            f"{one.seconds:.0f}",
        )


def _lost(name: str, bundled: Bundled) -> Iterator[tuple[str, ...]]:
    for one in bundled.agreements:
        drops = {
            (drop.beams, drop.metric.name): drop for drop in bundled.drops if drop.test == one.test
        }
        scores = [(beams, metric) for beams in (1, 4) for metric in ("bleu", "chrf")]
        yield (
            name,
            Path(one.test).stem,
            *(_drop(drops[each]) for each in scores),
            f"{100 * one.next_tokens:.2f} % of {one.tokens:,}",
            f"{100 * one.exact:.1f} %",
            *(f"{n} ({loops})" for n, loops in zip(one.unfinished, one.loops, strict=True)),
        )


def _drop(drop: Drop) -> str:
    told, interval = f"{drop.metric.drop:.2f}", drop.metric.ci95
    return told if interval is None else f"{told} ({interval[0]:.2f} to {interval[1]:.2f})"


def _made(row: Trained) -> tuple[str, ...]:
    bundled = row.bundled
    sizes = (
        (megabytes(bundled.fp32_bytes), megabytes(bundled.int8_bytes), f"{bundled.pieces:,}")
        if bundled
        else ("", "", "")
    )
    trained = f"{row.seconds / 60:.0f}, {row.precision}"
    signature = row.measured[0].signature.replace("|", r"\|")  # which would end a cell
    return (row.name, f"{row.parameters:,}", trained, *sizes, row.where, f"`{signature}`")
