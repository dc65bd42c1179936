"""How many texts a second go through, and what a cold start costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebert.records.header import Header
from edgebert.records.measured import BenchRecord
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars
from edgebert.report.formats import figures
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.shapes import Shape, by_shape, counted, legend


def throughput(records: Sequence[Header], names: Names) -> Section | None:
    benches = [bench for bench in of_kind(records, BenchRecord) if bench.results]
    if not benches:
        return None
    return Section(
        "Throughput",
        "Texts a second at each length, for every batch size and number of threads.",
        figures=tuple(figure for bench in benches for figure in _figures(bench, names)),
        tables=tuple(_table(bench, names) for bench in benches),
    )


def _figures(bench: BenchRecord, names: Names) -> Iterator[Figure]:
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


def _table(bench: BenchRecord, names: Names) -> Table:
    shown = [names[bundle.path] for bundle in bench.bundles]
    header = [f"{name} {what}" for name in shown for what in ("texts/s", "tokens/s")]
    rows = []
    for shape, found in by_shape(bench).items():
        cells = ["–"] * len(header)
        for index, result in found.items():
            cells[2 * index : 2 * index + 2] = map(
                figures, (result.texts_per_s, result.tokens_per_s)
            )
        rows.append((*map(str, (*shape,)), *cells))
    return Table(("threads", "batch", "tokens", *header), tuple(rows))


def cold_start(records: Sequence[Header], names: Names) -> Section | None:
    rows = [
        (
            names[bundle.path],
            bundle.precision,
            bundle.provider.removesuffix("ExecutionProvider"),
            *map(figures, (bundle.load_ms, bundle.first_inference_ms)),
            "–" if bundle.peak_rss_mb is None else figures(bundle.peak_rss_mb),
        )
        for bench in of_kind(records, BenchRecord)
        for bundle in bench.bundles
    ]
    if not rows:
        return None
    header = ("bundle", "precision", "provider", "load ms", "first text ms", "peak memory MB")
    return Section(
        "Cold start",
        "Each bundle in a process of its own: from opening it to ready, the first text, "
        "and the most memory the process ever held.",
        tables=(Table(header, tuple(rows)),),
    )
