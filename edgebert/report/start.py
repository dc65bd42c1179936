"""What a cold start costs, and how memory grows under ragged load."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.measures.formats import MISSING
from edgebert.records.header import Header
from edgebert.records.timed import BenchBundle, BenchRecord, RaggedMemory
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars
from edgebert.report.formats import figures
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.shapes import title

_START = ("bundle", "precision", "provider", "load ms", "first text ms", "peak memory MB")
_MEMORY = ("bundle", "texts", "loaded MB", "warm MB", "end MB", "growth MB", "peak MB")
_NOTE = (
    "Each bundle in a process of its own: from opening it to ready, the first text, and the most "
    "memory held until then. Then texts of ever-changing lengths: growth counts from the first "
    "quarter of them, which holds the longest."
)


def cold_start(records: Sequence[Header], names: Names) -> Section | None:
    bundles = [bundle for bench in of_kind(records, BenchRecord) for bundle in bench.bundles]
    if not bundles:
        return None
    tables = [Table(_START, tuple(_started(bundle, names) for bundle in bundles))]
    grown = [(bundle, bundle.ragged_memory) for bundle in bundles if bundle.ragged_memory]
    if grown:
        rows = tuple(_grown(bundle, memory, names) for bundle, memory in grown)
        tables.append(Table(_MEMORY, rows, "Memory under ragged load"))
    return Section(
        "Cold start and memory",
        _NOTE if grown else _NOTE[: _NOTE.index(" Then")],
        figures=(_figure(grown, names),) if grown else (),
        tables=tuple(tables),
    )


def _started(bundle: BenchBundle, names: Names) -> tuple[str, ...]:
    return (
        title(bundle, names),
        bundle.precision,
        bundle.provider.removesuffix("ExecutionProvider"),
        *map(figures, (bundle.load_ms, bundle.first_inference_ms)),
        MISSING if bundle.peak_rss_mb is None else figures(bundle.peak_rss_mb),
    )


def _grown(bundle: BenchBundle, memory: RaggedMemory, names: Names) -> tuple[str, ...]:
    held = (memory.loaded_mb, memory.warm_mb, memory.end_mb)
    growth = f"{memory.growth_mb:+.1f}"
    return (
        title(bundle, names),
        str(memory.texts),
        *map(figures, held),
        growth,
        figures(memory.peak_mb),
    )


def _figure(grown: Sequence[tuple[BenchBundle, RaggedMemory]], names: Names) -> Figure:
    series = []
    for bundle, memory in grown:
        values = (memory.loaded_mb, memory.warm_mb, memory.end_mb)
        labels = tuple(map(figures, values))
        series.append(Series(names.colour(bundle.path), values, labels))
    return Figure(
        "Memory under ragged load",
        bars(["loaded", "warm", "at the end"], series, "MB, less is better"),
        "Bar chart of resident memory after loading, when warm, and at the end",
        tuple((title(bundle, names), names.colour(bundle.path)) for bundle, _ in grown),
    )
