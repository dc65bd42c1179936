"""`python -m benchmarks.server.page SERVER.json`: write the tables of README.md from a record."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from benchmarks.page_table import write_into
from benchmarks.server.goals import goals
from benchmarks.server.plan import CONNECTIONS, LIST, LIST_CONNECTIONS
from benchmarks.server.record import (
    APART,
    IN_PROCESS,
    TOGETHER,
    Loads,
    Server,
    ServerRecord,
)
from edgebert.errors import EdgebertError, InputError
from edgebert.records.codec import read_json

PAGE = Path(__file__).with_name("README.md")
_TITLES = {
    APART: "A core for the server, another for its load",
    TOGETHER: "Server and load on the same two cores",
}
_IN_PROCESS = Server(IN_PROCESS, "int8 without HTTP", "int8", {}, 0)


def write_table(record: ServerRecord, page: Path = PAGE) -> None:
    """Put the tables of `record` in place of those in `page`.

    Raises:
        InputError: the page has no place for it, or the record is of a quick run.
    """
    if record.quick:
        raise InputError("this record is of a quick run: make one with 'make bench-server'")
    write_into(page, table(record))


def table(record: ServerRecord) -> str:
    """Goals, a table for each placement, what a server weighs, the machine, and what failed."""
    parts = [_goals(record)]
    for placement, title in _TITLES.items():
        if any(each.placement == placement for each in record.loads):
            parts.append(f"{title}:\n\n{_loads(record, placement)}")
    parts += [f"What a server weighs:\n\n{_weights(record)}", _machine(record)]
    failed = [f"- {each.title}: {each.failure}" for each in record.servers if each.failure]
    failed += [f"- {what}: {why}" for what, why in record.failures.items()]
    return "\n\n".join([*parts, *(["Not measured:\n\n" + "\n".join(failed)] if failed else [])])


def _goals(record: ServerRecord) -> str:
    rows = [
        [each.what, each.wanted, each.found, "yes" if each.reached else "**no**"]
        for each in goals(record)
    ]
    return _rows(["", "goal", "found", "reached"], rows, numbers=False)


def _loads(record: ServerRecord, placement: str) -> str:
    header = ["requests/s (median), p99"]
    header += [f"{number} connection{'s' * (number > 1)}" for number in CONNECTIONS]
    header += [
        f"{LIST} texts, {LIST_CONNECTIONS} connections",
        f"CPU ms, {CONNECTIONS[-1]} connections",
    ]
    rows = []
    for server in (*record.servers, _IN_PROCESS):
        events = [*((1, number) for number in CONNECTIONS), (LIST, LIST_CONNECTIONS)]
        cells = [_load(record.under(server.name, placement, *event)) for event in events]
        most = record.under(server.name, placement, 1, CONNECTIONS[-1])
        cells.append(f"{most.cpu_ms:.2f}" if most else "")
        if any(cells):
            rows.append([server.title, *cells])
    return _rows(header, rows)


def _load(loads: Loads | None) -> str:
    if loads is None:
        return ""
    late = "" if loads.p99_ms is None else f", {_short(loads.p99_ms)} ms"
    failed = f", {loads.failed} failed" if loads.failed else ""
    return f"{_short(loads.rate)} ({_short(loads.median_rate)}){late}{failed}"


def _weights(record: ServerRecord) -> str:
    rows = [
        [
            server.title,
            f"{server.installed_bytes / 1e6:,.0f}",
            "" if server.start_s is None else f"{server.start_s:.1f}",
            "" if server.rss_bytes is None else f"{server.rss_bytes / 1e6:,.0f}",
            "" if server.cosine_min is None else f"{server.cosine_min:.4f}",
            ", ".join(f"{name} {version}" for name, version in server.versions.items()),
        ]
        for server in record.servers
    ]
    header = ["", "installed, MB", "start, s", "memory, MB", "least cosine to fp32", "versions"]
    return _rows(header, rows)


def _machine(record: ServerRecord) -> str:
    told = (
        f"{record.machine.cpu_and_class}, {record.created[:10]}; {record.texts:,} short sentences of "
        f"{record.tokens:.1f} tokens on average. Rates are those of the fastest of the alternating "
        "rounds (and their median), p99 the least of them."
    )
    return " ".join([told, *_warnings(record)])


def _warnings(record: ServerRecord) -> Iterator[str]:
    if record.quick:
        yield "**A quick run: its figures mean nothing.**"
    if record.noise.noisy:
        reasons = "; ".join(record.noise.reasons)
        yield f"**The machine was noisy ({reasons}): read ratios within a table only.**"


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> str:
    rules = ["---", *["---:" if numbers else "---"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rules, *rows))


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


@click.command()
@click.argument("record", type=click.Path(path_type=Path))
def main(record: Path) -> None:
    """Write the tables of RECORD into README.md, between its two comments."""
    try:
        write_table(read_json(ServerRecord, record, "record of the servers benchmark"))
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
