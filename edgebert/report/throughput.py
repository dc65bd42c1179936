"""How many texts a second go through: at fixed shapes, and with the lengths of real texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from edgebert.measures.formats import MISSING, percent
from edgebert.records.header import Header
from edgebert.records.timed import BenchRecord, TextsBench
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars
from edgebert.report.formats import figures
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.shapes import Shape, by_shape, counted, legend, title


def throughput(records: Sequence[Header], names: Names) -> Section | None:
    benches = [bench for bench in of_kind(records, BenchRecord) if bench.results]
    if not benches:
        return None
    return Section(
        "Throughput",
        "Texts a second at each length, for every batch size and number of threads; a file of "
        "texts from text to answer, tokenizer included.",
        figures=tuple(figure for bench in benches for figure in _figures(bench, names)),
        tables=tuple(table for bench in benches for table in _tables(bench, names)),
    )


def _figures(bench: BenchRecord, names: Names) -> Iterator[Figure]:
    if bench.texts:
        yield _texts_figure(bench, bench.texts, names)
    calls = sorted({(result.threads, result.batch) for result in bench.results})
    words = [f"batch {batch}, {counted(threads, 'thread')}" for threads, batch in calls]
    for length in sorted({result.length for result in bench.results}):
        series = _series(bench, names, [Shape(*call, length) for call in calls])
        yield Figure(
            f"{length} tokens a text",
            bars(words, series, "texts/s, more is better"),
            f"Bar chart of texts per second at {length} tokens a text",
            legend(bench, names),
        )


def _series(bench: BenchRecord, names: Names, shapes: Sequence[Shape]) -> list[Series]:
    results = by_shape(bench)
    series = []
    for index, bundle in enumerate(bench.bundles):
        found = [results.get(shape, {}).get(index) for shape in shapes]
        values = tuple(r.texts_per_s if r else None for r in found)
        labels = tuple(figures(r.texts_per_s) if r else "" for r in found)
        series.append(Series(names.colour(bundle.path), values, labels))
    return series


def _tables(bench: BenchRecord, names: Names) -> Iterator[Table]:
    if bench.texts:
        yield _texts_table(bench, bench.texts, names)
    yield _table(bench, names)


def _table(bench: BenchRecord, names: Names) -> Table:
    shown = [title(bundle, names) for bundle in bench.bundles]
    header = [f"{name} {what}" for name in shown for what in ("texts/s", "tokens/s")]
    rows = []
    for shape, found in by_shape(bench).items():
        cells = [MISSING] * len(header)
        for index, result in found.items():
            cells[2 * index : 2 * index + 2] = map(
                figures, (result.texts_per_s, result.tokens_per_s)
            )
        rows.append((*map(str, (*shape,)), *cells))
    return Table(("threads", "batch", "tokens", *header), tuple(rows), "At fixed shapes")


def _texts_figure(bench: BenchRecord, texts: TextsBench, names: Names) -> Figure:
    found = {(r.threads, r.bundle): r.texts_per_s for r in texts.results}
    threads = sorted({r.threads for r in texts.results})
    series = []
    for index, bundle in enumerate(bench.bundles):
        values = tuple(found.get((number, index)) for number in threads)
        labels = tuple("" if value is None else figures(value) for value in values)
        series.append(Series(names.colour(bundle.path), values, labels))
    return Figure(
        f"{counted(texts.n, 'text')} of {PurePath(texts.file).name}",
        bars([counted(number, "thread") for number in threads], series, "texts/s, more is better"),
        "Bar chart of texts per second on the texts of a file",
        legend(bench, names),
    )


def _texts_table(bench: BenchRecord, texts: TextsBench, names: Names) -> Table:
    rows = tuple(
        (
            title(bench.bundles[r.bundle], names),
            str(r.threads),
            *map(figures, (r.texts_per_s, r.tokens_per_s)),
            percent(r.spread),
        )
        for r in texts.results
    )
    tokens = texts.tokens
    caption = (
        f"{texts.n:,} of {texts.available:,} texts of {PurePath(texts.file).name}: "
        f"{figures(tokens.mean)} tokens on average, p50 {figures(tokens.p50)}, "
        f"p95 {figures(tokens.p95)}, longest {tokens.max}"
    )
    return Table(("bundle", "threads", "texts/s", "tokens/s", "spread"), rows, caption)
