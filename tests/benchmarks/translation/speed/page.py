"""The tables of README.md, from a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.page_table import write_into
from benchmarks.translation.speed.plan import BEAMS
from benchmarks.translation.speed.record import (
    FIRST_TOKEN,
    SENTENCE,
    Alone,
    Contestant,
    SpeedRecord,
    Throughput,
)
from edgebert.errors import InputError
from edgebert.report.formats import figures, megabytes

PAGE = Path(__file__).with_name("README.md")

_SEARCHES = {1: "greedy", 4: "4 beams"}


def write_table(record: SpeedRecord, page: Path = PAGE) -> None:
    """Put the tables of `record` in place of those in `page`.

    Raises:
        InputError: the page has no place for them, or the record is of a quick run.
    """
    if record.quick:
        raise InputError("this record is of a quick run, whose figures mean nothing")
    write_into(page, tables(record))


def tables(record: SpeedRecord) -> str:
    """Many sentences, sentences alone, the rest, and where edgebert stands."""
    return "\n\n".join(
        [_many(record), _one_by_one(record), _rest(record), _machine(record), *_standing(record)]
    )


def ratio(record: SpeedRecord, cores: int, beams: int) -> float | None:
    """How much faster the fastest of ours in int8 is than the fastest of theirs in int8."""
    own = _fastest(record, cores, beams, ours=True)
    other = _fastest(record, cores, beams, ours=False)
    return None if own is None or other is None else other.min_s / own.min_s


def ratios(record: SpeedRecord) -> dict[str, float]:
    """`ratio` of all numbers of cores and searches that were measured."""
    found = {
        _column(cores, beams): ratio(record, cores, beams)
        for cores in record.cores
        for beams in BEAMS
    }
    return {column: value for column, value in found.items() if value is not None}


def _fastest(record: SpeedRecord, cores: int, beams: int, *, ours: bool) -> Throughput | None:
    names = {one.name for one in record.contestants if one.ours == ours and one.precision == "int8"}
    rows = [
        row
        for row in record.throughput
        if row.contestant in names and (row.cores, row.beams) == (cores, beams)
    ]
    return min(rows, key=lambda row: row.min_s, default=None)


def _many(record: SpeedRecord) -> str:
    columns = [(cores, beams) for cores in record.cores for beams in BEAMS]
    header = ["sentences/s (tokens/s)", *(_column(*each) for each in columns), "BLEU, lower-cased"]
    rows = []
    for one in record.contestants:
        found = {
            (row.cores, row.beams): row for row in record.throughput if row.contestant == one.name
        }
        if found:
            cells = [_speed(found.get(each)) for each in columns]
            rows.append([one.title, *cells, _bleu(found.values())])
    return _table(header, rows)


def _speed(row: Throughput | None) -> str:
    if row is None:
        return ""
    return f"{figures(row.sentences_per_s)} ({figures(row.tokens_per_s)})"


def _bleu(rows: Iterable[Throughput]) -> str:
    """Greedily and by beams, which no number of cores changes."""
    found = {row.beams: row.bleu_lower_case for row in rows}
    return " / ".join(f"{found[beams]:.2f}" for beams in BEAMS if beams in found)


def _one_by_one(record: SpeedRecord) -> str:
    kinds = [(1, FIRST_TOKEN), *((beams, SENTENCE) for beams in BEAMS)]
    columns = [(cores, *kind) for cores in record.cores for kind in kinds]
    header = ["one sentence, p50, ms", *(_alone_column(*each) for each in columns)]
    rows = []
    for one in record.contestants:
        found = {
            (row.cores, row.beams, row.what): row
            for row in record.alone
            if row.contestant == one.name
        }
        if found:
            rows.append([one.title, *(_milliseconds(found.get(each)) for each in columns)])
    return _table(header, rows)


def _milliseconds(row: Alone | None) -> str:
    return "" if row is None else figures(row.min_ms)


def _rest(record: SpeedRecord) -> str:
    header = ["", "files, MB", "memory at most, MB", "from start to a translation, s"]
    return _table(header, [_contestant(one) for one in record.contestants])


def _contestant(one: Contestant) -> list[str]:
    if one.failure:
        return [one.title, one.failure.replace("|", "\\|"), "", ""]
    memory = "" if one.memory_bytes is None else f"{one.memory_bytes / 1e6:.0f}"
    ready = "" if one.ready_s is None else f"{one.ready_s:.2f}"
    return [one.title, megabytes(one.size_bytes), memory, ready]


def _machine(record: SpeedRecord) -> str:
    versions = {k: v for one in record.contestants for k, v in one.versions.items()}
    packages = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return (
        f"{record.machine.cpu_and_class}, {record.created[:10]}; {packages}. Model `{record.model}`, "
        f"{record.sentences:,} sentences of {record.test}, from texts to texts. Fastest of "
        f"alternating rounds, each in the best way of all that were tried; BLEU of what was timed, "
        f"greedily / by beams."
    )


def _standing(record: SpeedRecord) -> Iterator[str]:
    found = ratios(record)
    if found:
        told = "; ".join(f"{value:.2f} times on {column}" for column, value in found.items())
        yield f"edgebert int8 is as fast as CTranslate2 int8 by {told}."
    if record.agreement:
        same, all_of = record.agreement.same, record.agreement.sentences
        yield f"In fp32 {same:,} of {all_of:,} greedy translations are the same text."
    if record.noise.noisy:
        yield f"The machine was noisy: {'; '.join(record.noise.reasons)}."


def _column(cores: int, beams: int) -> str:
    return f"{_SEARCHES[beams]}, {_cores(cores)}"


def _alone_column(cores: int, beams: int, what: str) -> str:
    name = what if what == FIRST_TOKEN else _SEARCHES[beams]
    return f"{name}, {_cores(cores)}"


def _cores(count: int) -> str:
    return f"{count} core{'s' * (count > 1)}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rules = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rules, *rows))
