"""`python -m benchmarks.readme_table PEERS.json`: write the tables of README.md from a record.

They go between two comments; what stands there is replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from benchmarks.page_table import write_into
from benchmarks.record import Contestant, PeersRecord
from benchmarks.standing import (
    Column,
    Standing,
    ours,
    request_columns,
    standings,
    throughput_columns,
    titles,
)
from edgebert.errors import EdgebertError, InputError
from edgebert.measures.formats import cosine
from edgebert.records.codec import read_json
from edgebert.report.formats import figures, megabytes

_PAGE = Path(__file__).with_name("README.md")
_REQUESTS = re.compile(r"request of (16|128|512) tokens, ")


def peers_table(record: PeersRecord) -> str:
    """Texts, single requests, the machine, and where edgebert stands, as Markdown.

    Raises:
        InputError: the record is of a quick run, whose figures mean nothing.
    """
    if record.quick:
        raise InputError("this record is of a quick run: make one with 'make bench-peers'")
    texts = throughput_columns(record)
    requests = [column for column in request_columns(record) if _REQUESTS.match(column.title)]
    told = (_texts(record, texts), _requests(record, requests), _machine(record))
    return "\n\n".join([*told, *_standing(record, [*texts, *requests]), *_noise(record)])


def _texts(record: PeersRecord, columns: Sequence[Column]) -> str:
    """All peers, also those that did not run."""
    header = ["", *(f"{c.title}, {c.unit}" for c in columns), "cosine to fp32", "model"]
    return _table(header, [_row(record, peer, columns) for peer in record.peers])


def _requests(record: PeersRecord, columns: Sequence[Column]) -> str:
    rows = [
        [peer.title, *(_value(column, peer.name) for column in columns)] for peer in record.peers
    ]
    ran = [row for row in rows if any(row[1:])]
    return _table(["", *(f"{c.title}, {c.unit}" for c in columns)], ran)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rules = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rules, *rows))


def _row(record: PeersRecord, peer: Contestant, columns: Sequence[Column]) -> list[str]:
    values = [_value(column, peer.name) for column in columns]
    if peer.failure and not any(values):
        return [peer.title, peer.failure.replace("|", "\\|"), *[""] * (len(columns) + 1)]
    size = "" if peer.size_bytes is None else megabytes(peer.size_bytes)
    return [peer.title, *values, _cosine(record, peer.name), size]


def _value(column: Column, peer: str) -> str:
    """The fastest of a column stands out."""
    if peer not in column.values:
        return ""
    value = figures(column.values[peer])
    return f"**{value}**" if peer == column.fastest else value


def _cosine(record: PeersRecord, peer: str) -> str:
    """Mean and least over the first text set."""
    sets = [one.name for one in record.text_sets]
    for row in record.throughput:
        if (row.peer, row.texts) == (peer, sets[0]) and row.cosine_mean is not None:
            return f"{cosine(row.cosine_mean)} / {cosine(row.cosine_min or 0.0)}"
    return ""


def _machine(record: PeersRecord) -> str:
    machine, name = record.machine, titles(record)
    versions = {k: v for peer in record.peers for k, v in peer.versions.items()}
    packages = ", ".join(f"{package} {version}" for package, version in sorted(versions.items()))
    sets = ", ".join(f"{one.texts:,} {one.title}" for one in record.text_sets)
    reference = name[record.peers[0].name]
    return (
        f"{machine.cpu_and_class}, {record.cores} cores, {record.created[:10]}; "
        f"{packages}. From texts to vectors ({sets}), at most {record.max_length} tokens. Fastest of "
        f"the alternating rounds, each peer in the best configuration of a sweep and the order of the "
        f"texts that suits it; cosine, mean / least over the short sentences, to {reference}. Bold: "
        f"the fastest of a column."
    )


def _standing(record: PeersRecord, columns: Sequence[Column]) -> Iterator[str]:
    name, own = titles(record), ours(record)
    found = standings(columns, own)
    if not found:
        return
    won = [_against(each, name) for each in found if each.ratio >= 1]
    lost = [_against(each, name) for each in found if each.ratio < 1]
    yield f"Here {name[own]} is ahead of all others on {'; '.join(won) or 'nothing'}."
    yield f"It is behind on {'; '.join(lost) or 'nothing'}."
    share = [
        f"{100 * row.peak_fraction:.0f} % on {one.title}"
        for one in record.text_sets
        for row in record.throughput
        if (row.peer, row.texts) == (own, one.name)
    ]
    yield f"Of the arithmetic peak measured on these cores it reaches {', '.join(share)}."


def _against(each: Standing, name: dict[str, str]) -> str:
    factor = each.ratio if each.ratio >= 1 else 1 / each.ratio
    word = "faster" if each.ratio >= 1 else "slower"
    return f"{each.column.title} ({factor:.2f} times {word} than {name[each.rival]})"


def _noise(record: PeersRecord) -> Iterator[str]:
    if record.noise.noisy:
        yield f"The machine was noisy: {'; '.join(record.noise.reasons)}."


@click.command()
@click.argument("record", type=click.Path(path_type=Path))
@click.argument("readme", type=click.Path(path_type=Path), default=_PAGE)
def main(record: Path, readme: Path) -> None:
    """Write the table of RECORD into README, between its two comments."""
    try:
        peers = read_json(PeersRecord, record, "record of the peers benchmark")
        write_into(readme, peers_table(peers))
    except (EdgebertError, OSError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
