"""The record as one HTML page, in the style of edgebert's reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from benchmarks.record import PeersRecord, Throughput
from benchmarks.standing import (
    Column,
    is_own,
    latency_columns,
    ours,
    request_columns,
    standings,
    throughput_columns,
    titles,
)
from edgebert.measures.formats import cosine, percent
from edgebert.output import new_file
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, ranked
from edgebert.report.drawing import COLOURS
from edgebert.report.formats import day, duration, figures, megabytes
from edgebert.report.tiles import Tile
from edgebert.report.verdict import Verdict

_OTHERS, _OURS = 0, 1  # colours


def write_page(record: PeersRecord, path: Path) -> None:
    """Write the page, replacing one that is there."""
    columns = [*throughput_columns(record), *request_columns(record)]
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(_read("page.html")).render(
        title="edgebert and its peers",
        style=Markup(_read("page.css")),
        verdict=Verdict((), tuple(_tiles(record, columns))),
        sections=[
            _texts(record),
            _requests(record),
            _sweep(record),
            _peak(record),
            _origin(record),
        ],
        made=day(record.created),
        colours=COLOURS,
    )
    with new_file(path, force=True) as beside:
        beside.write_text(page, encoding="utf-8")


def _tiles(record: PeersRecord, columns: Sequence[Column]) -> Iterator[Tile]:
    name, own = titles(record), ours(record)
    for each in standings(columns, own):
        column, words = each.column, "faster" if each.ratio >= 1 else "slower"
        factor = each.ratio if each.ratio >= 1 else 1 / each.ratio
        rival = f"{name[each.rival]} {figures(column.values[each.rival])} {column.unit}"
        here = f"{name[own]} {figures(column.values[own])} {column.unit}"
        yield Tile(
            column.title, f"{factor:.2f}× {words}", f"{here}; fastest of the others: {rival}"
        )


def _texts(record: PeersRecord) -> Section:
    sets = "; ".join(f"{s.title}: {s.texts:,} texts, {s.tokens:,} tokens" for s in record.text_sets)
    return Section(
        "Texts to vectors",
        "End to end: tokenizer, model, pooling, normalization. The harness hands texts over as they "
        "come or by length, whichever suits a peer better in its sweep: its configuration says so. "
        "Speeds are of the fastest round and of the median one. Cosines are to sentence-transformers "
        f"in fp32, and to the same text among other neighbours. {sets}.",
        warnings=tuple(_warnings(record)),
        figures=tuple(_figure(record, column) for column in throughput_columns(record)),
        tables=tuple(
            _throughput_table(
                one.title, [row for row in record.throughput if row.texts == one.name], record
            )
            for one in record.text_sets
        ),
    )


def _warnings(record: PeersRecord) -> Iterator[str]:
    if record.quick:
        yield "A quick run: it shows that everything runs, and its figures mean nothing."
    for peer in record.peers:
        if peer.failure:
            yield f"{peer.title} {peer.failure}"
    for reason in record.noise.reasons:
        yield f"The machine was noisy: {reason}."


def _figure(record: PeersRecord, column: Column) -> Figure:
    """Bars by rank; edgebert has a colour of its own."""
    name = titles(record)
    order = sorted(column.values, key=column.speed, reverse=True)
    rows = [
        (name[peer], Series(_colour(peer), (value,), (figures(value),)))
        for peer in order
        for value in (column.values[peer],)
    ]
    better = "less" if column.unit == "ms" else "more"
    chart = ranked(rows, f"{column.unit}, {better} is better")
    return Figure(column.title, chart, f"Bar chart, {column.title}: {column.unit} of each peer")


def _colour(peer: str) -> int:
    return _OURS if is_own(peer) else _OTHERS


def _throughput_table(title: str, rows: Sequence[Throughput], record: PeersRecord) -> Table:
    name = titles(record)
    texts = {one.name: one.texts for one in record.text_sets}
    header = (
        "peer", "texts/s", "median", "cosine mean", "cosine least", "other neighbours",
        "of peak", "configuration",
    )  # fmt: skip
    cells = tuple(
        (
            name[row.peer],
            figures(row.texts_per_s),
            figures(texts[row.texts] / row.median_s),
            _cosine(row.cosine_mean),
            _cosine(row.cosine_min),
            _cosine(row.neighbours_cosine_min),
            percent(row.peak_fraction),
            row.way,
        )
        for row in rows
    )
    return Table(header, cells, title)


def _requests(record: PeersRecord) -> Section:
    name = titles(record)
    tables = []
    for threads in sorted({row.threads for row in record.latency}):
        cells = tuple(
            (
                str(row.length),
                name[row.peer],
                figures(row.min_ms),
                figures(row.median_ms),
                _cosine(row.cosine),
                percent(row.peak_fraction),
                row.setting,
            )
            for row in record.latency
            if row.threads == threads
        )
        header = ("tokens", "peer", "ms", "median", "cosine", "of peak", "configuration")
        tables.append(Table(header, cells, f"Threads: {threads}"))
    return Section(
        "Single requests",
        "One text at a time, of exactly so many tokens, given as token ids; fastembed takes texts "
        f"only, so its time includes the tokenizer and ends at {record.max_length} tokens. "
        f"The charts are those on {record.cores} threads.",
        figures=tuple(_figure(record, c) for c in latency_columns(record, record.cores)),
        tables=tuple(tables),
    )


def _sweep(record: PeersRecord) -> Section:
    name = titles(record)
    tables = []
    for peer, trials in groupby(record.sweep, key=lambda trial: trial.peer):
        cells = tuple(
            (one.on, one.configuration, figures(one.seconds), "✓" if one.chosen else "")
            for one in trials
        )
        header = ("on", "configuration", "s", "chosen")
        tables.append(Table(header, cells, name[peer], folded=True))
    note = "Each peer's configurations, tried on a part of the texts; the fastest one was measured."
    return Section("Sweep", note, tables=tuple(tables))


def _peak(record: PeersRecord) -> Section:
    cells = tuple(
        (one.precision, str(one.cores), one.how, figures(one.gops)) for one in record.probes
    )
    return Section(
        "Peak of the hardware",
        "Measured before and after the rounds; the best of each precision and number of cores is "
        "the peak. 'Of peak' is the least time that the model's multiplications and additions "
        "could take (those of texts' tokens, 21.23 MFLOP a token and 9216 FLOP for each token it "
        "attends to; weights in the model's precision, attention in fp32) over the time taken.",
        tables=(Table(("precision", "cores", "how", "10^9 op/s"), cells),),
    )


def _origin(record: PeersRecord) -> Section:
    machine = record.machine
    here = (
        ("CPU", machine.cpu),
        ("features", " ".join(machine.features)),
        ("cores used", str(record.cores)),
        ("system", machine.system),
        ("Python", machine.python),
        ("edgebert", record.edgebert),
        ("took", duration(record.seconds)),
    )
    peers = tuple(
        (
            peer.title,
            ", ".join(f"{package} {version}" for package, version in peer.versions.items()),
            "–" if peer.size_bytes is None else megabytes(peer.size_bytes),
            peer.failure or "✓",
        )
        for peer in record.peers
    )
    header = ("peer", "versions", "model file", "ran")
    return Section("Machine and versions", tables=(Table(("", ""), here), Table(header, peers)))


def _cosine(value: float | None) -> str:
    return "–" if value is None else cosine(value)


def _read(name: str) -> str:
    return resources.files("edgebert.report").joinpath(name).read_text(encoding="utf-8")
