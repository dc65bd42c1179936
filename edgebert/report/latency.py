"""How long one call takes, by length, with all bundles side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebert.measures.formats import MISSING, percent
from edgebert.records.header import Header
from edgebert.records.timed import BenchRecord, BenchResult
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars
from edgebert.report.formats import figures, times
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.shapes import (
    Shape,
    baseline,
    by_shape,
    counted,
    legend,
    shape_of,
    speedups,
    title,
)

_NOTE = (
    "Milliseconds for one call of the model. The bar is the median (p50), the whisker reaches to "
    "p95, over the calmer half of the rounds. Inputs have exactly the stated length and no padding."
)


def latency(records: Sequence[Header], names: Names) -> Section | None:
    benches = [bench for bench in of_kind(records, BenchRecord) if bench.results]
    if not benches:
        return None
    steady = [_spread(bench) for bench in benches if not bench.noise.noisy]
    noisy = [_disturbed(bench) for bench in benches if bench.noise.noisy]
    return Section(
        "Latency",
        " ".join((_NOTE, *steady)),
        warnings=tuple(noisy),
        figures=tuple(figure for bench in benches for figure in _figures(bench, names)),
        tables=tuple(
            table for bench in benches for table in (_table(bench, names), _all(bench, names))
        ),
    )


def _spread(bench: BenchRecord) -> str:
    noise = bench.noise
    stolen = "" if noise.steal is None else f"; {percent(noise.steal)} of CPU time was stolen"
    return f"Medians of the rounds differ by at most {percent(noise.round_spread)}{stolen}."


def _disturbed(bench: BenchRecord) -> str:
    why = "; ".join(bench.noise.reasons)
    return f"The machine was noisy, read with care{f': {why}' if why else ''}. {_spread(bench)}"


def _figures(bench: BenchRecord, names: Names) -> Iterator[Figure]:
    """A chart for each number of threads and batch size: lengths as groups, bundles as colours."""
    lengths = sorted({result.length for result in bench.results})
    for threads, batch in sorted({(r.threads, r.batch) for r in bench.results}):
        call = f"{counted(batch, 'text')} a call, {counted(threads, 'thread')}"
        series = _series(bench, names, [Shape(threads, batch, length) for length in lengths])
        yield Figure(
            call,
            bars([f"{length} tokens" for length in lengths], series, "ms, less is better"),
            f"Bar chart of latency by length: {call}",
            legend(bench, names),
        )


def _series(bench: BenchRecord, names: Names, shapes: Sequence[Shape]) -> list[Series]:
    results = by_shape(bench)
    series = []
    for index, bundle in enumerate(bench.bundles):
        found = [results.get(shape, {}).get(index) for shape in shapes]
        series.append(
            Series(
                names.colour(bundle.path),
                tuple(r.p50_ms if r else None for r in found),
                tuple(figures(r.p50_ms) if r else "" for r in found),
                tuple(r.p95_ms if r else None for r in found),
            )
        )
    return series


def _table(bench: BenchRecord, names: Names) -> Table:
    """A row for each shape: p50 and p95 of every bundle, and what it gains over the baseline."""
    shown = [title(bundle, names) for bundle in bench.bundles]
    gains = {i: speedups(bench, i) for i in range(len(shown)) if i != baseline(bench)}
    header = [f"{name} {what}" for name in shown for what in ("p50 ms", "p95 ms")]
    rows = []
    for shape, found in by_shape(bench).items():
        cells = [cell for index in range(len(shown)) for cell in _cells(found.get(index))]
        ratios = [times(gain[shape]) if shape in gain else "–" for gain in gains.values()]
        rows.append((*map(str, (*shape,)), *cells, *ratios))
    faster = [f"{shown[i]} faster" for i in gains]
    return Table(("threads", "batch", "tokens", *header, *faster), tuple(rows))


def _cells(result: BenchResult | None) -> tuple[str, str]:
    return (figures(result.p50_ms), figures(result.p95_ms)) if result else ("–", "–")


def _all(bench: BenchRecord, names: Names) -> Table:
    header = ("bundle", "threads", "batch", "tokens", "runs")
    times = ("min", "mean", "p50", "p90", "p95", "p99")
    rows = [
        (
            title(bench.bundles[r.bundle], names),
            *map(str, (*shape_of(r), r.runs)),
            *map(figures, (r.min_ms, r.mean_ms, r.p50_ms, r.p90_ms, r.p95_ms, r.p99_ms)),
            MISSING if r.spread is None else percent(r.spread),
        )
        for r in bench.results
    ]
    return Table(
        (*header, *times, "spread"),
        tuple(rows),
        "All percentiles, in ms, and how far the medians of the rounds spread",
        folded=True,
    )
