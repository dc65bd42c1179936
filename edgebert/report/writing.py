"""How long a translator takes until the first token of a text, and for each one more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebert.measures.formats import MISSING
from edgebert.records.header import Header
from edgebert.records.timed import BenchRecord, BenchResult
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars
from edgebert.report.formats import figures
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.shapes import Shape, by_shape, counted, legend, title

_NOTE = (
    "Translators write as many tokens of each text as it has. Milliseconds at the median, from "
    "the call to the first token of each text of a batch, and from then on for one token more of "
    "each. Texts a second are those of whole translations."
)
_PARTS = {"first_token_ms": "to the first token", "token_ms": "for each token more"}


def writing(records: Sequence[Header], names: Names) -> Section | None:
    benches = [bench for bench in of_kind(records, BenchRecord) if any(map(_writes, bench.results))]
    if not benches:
        return None
    return Section(
        "Writing",
        _NOTE,
        figures=tuple(figure for bench in benches for figure in _figures(bench, names)),
        tables=tuple(_table(bench, names) for bench in benches),
    )


def _writes(result: BenchResult) -> bool:
    return result.first_token_ms is not None


def _figures(bench: BenchRecord, names: Names) -> Iterator[Figure]:
    """A chart for each part and number of threads: batch sizes and lengths as groups."""
    for threads in sorted({result.threads for result in bench.results}):
        shapes = [shape for shape in by_shape(bench) if shape.threads == threads]
        groups = [f"{counted(s.batch, 'text')} of {s.length} tokens" for s in shapes]
        for part, words in _PARTS.items():
            caption = f"Time {words}, {counted(threads, 'thread')}"
            yield Figure(
                caption,
                bars(groups, _series(bench, names, shapes, part), "ms, less is better"),
                f"Bar chart of the {caption[0].lower()}{caption[1:]}",
                legend(bench, names),
            )


def _series(bench: BenchRecord, names: Names, shapes: Sequence[Shape], part: str) -> list[Series]:
    results = by_shape(bench)
    series = []
    for index, bundle in enumerate(bench.bundles):
        values = tuple(_part(results[shape].get(index), part) for shape in shapes)
        labels = tuple("" if value is None else figures(value) for value in values)
        series.append(Series(names.colour(bundle.path), values, labels))
    return series


def _part(result: BenchResult | None, part: str) -> float | None:
    value: float | None = getattr(result, part, None)
    return value


def _table(bench: BenchRecord, names: Names) -> Table:
    header = [
        f"{title(bundle, names)} {what}"
        for bundle in bench.bundles
        for what in ("first token ms", "token ms", "texts/s")
    ]
    rows = []
    for shape, found in by_shape(bench).items():
        cells = [cell for i in range(len(bench.bundles)) for cell in _cells(found.get(i))]
        rows.append((*map(str, (*shape,)), *cells))
    return Table(("threads", "batch", "tokens", *header), tuple(rows), _search(bench))


def _search(bench: BenchRecord) -> str:
    return "Greedy translations" if bench.beam == 1 else f"Translations by {bench.beam} beams"


def _cells(result: BenchResult | None) -> tuple[str, ...]:
    if result is None:
        return (MISSING,) * 3
    values = (result.first_token_ms, result.token_ms, result.texts_per_s)
    return tuple(MISSING if value is None else figures(value) for value in values)
