"""The tables of README.md, from a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.page_table import write_into
from benchmarks.translation.record import Bundled, Drop, Trained, TranslationTable
from edgebert.report.formats import megabytes

PAGE = Path(__file__).with_name("README.md")

_SCORES = ("model", "test", "by", "beams", "BLEU, lower-cased", "BLEU", "chrF", "length", "s")
_INT8 = (
    "model", "test", "loses, greedy: BLEU (95 %)", "chrF", "loses, 4 beams: BLEU (95 %)", "chrF",
    "next tokens agree", "same text", "unfinished (loops): fp32", "int8",
)  # fmt: skip
_TRAINED = ("model", "weights", "trained, min", "fp32, MB", "int8, MB", "source pieces")


def write_table(record: TranslationTable, page: Path = PAGE) -> None:
    """Put the tables of `record` in place of those in `page`.

    Raises:
        InputError: the page has no place for them.
    """
    write_into(page, tables(record))


def tables(record: TranslationTable) -> str:
    """Scores, what int8 loses, sizes, the machine, commands and what was missed."""
    rows = record.rows
    missed = [f"- {sentence}" for row in rows for sentence in row.missed()]
    lost = [cells for row in rows if row.bundled for cells in _lost(row.name, row.bundled)]
    told = [
        _table(_SCORES, [cells for row in rows for cells in score_cells(row)]),
        _table(_INT8, lost),
        _table(_TRAINED, [_made(row) for row in rows]),
        _machine(record),
        "\n".join(f"    {row.command}" for row in rows),
        "Missed:\n\n" + "\n".join(missed) if missed else "No goal missed.",
    ]
    return "\n\n".join(told)


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
    return (row.name, f"{row.parameters:,}", f"{row.seconds / 60:.0f}, {row.precision}", *sizes)


def _machine(record: TranslationTable) -> str:
    found = dict.fromkeys(one.signature for row in record.rows for one in row.measured)
    signatures = " and ".join(f"`{signature}`" for signature in found)
    return (
        f"{record.machine.cpu_and_class}, {record.threads} thread{'s' if record.threads > 1 else ''}, "
        f"{record.created[:10]}; sacrebleu {signatures}."
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
