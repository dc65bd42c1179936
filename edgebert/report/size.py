"""How large each bundle is."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.records.header import Header
from edgebert.records.made import ExportRecord, QuantizeRecord
from edgebert.records.timed import BenchRecord
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars
from edgebert.report.formats import figures, megabytes, times
from edgebert.report.names import Names
from edgebert.report.read import of_kind

_WEIGHTS = ("embeddings", "matmul_weights", "other_weights")
_PARTS = {
    "embeddings": "embeddings",
    "matmul_weights": "MatMul weights",
    "other_weights": "other weights",
    "graph": "graph",
    "tokenizer": "tokenizer",
    "other_files": "other files",
}


def size(records: Sequence[Header], names: Names) -> Section | None:
    sizes = _sizes(records)
    if not sizes:
        return None
    largest = max(sizes.values())
    rows = [
        (names[path], megabytes(size), f"{size:,}", times(largest / max(size, 1)))
        for path, size in sizes.items()
    ]
    tables = [Table(("bundle", "size", "bytes", "smaller than the largest"), tuple(rows))]
    drawn = [_figure(sizes, names)]
    if parts := _parts(records):
        tables.append(_parts_table(parts, names))
        drawn.append(_parts_figure(parts, names))
    return Section("Size", figures=tuple(drawn), tables=tuple(tables))


def _parts(records: Sequence[Header]) -> dict[str, dict[str, int]]:
    """Bytes by part of every bundle that was timed; what is left of the model is its graph."""
    bundles = [bundle for bench in of_kind(records, BenchRecord) for bundle in bench.bundles]
    found = {bundle.path: dict(bundle.sizes) for bundle in bundles if bundle.sizes}
    for sizes in found.values():
        weights = sum(sizes.get(part, 0) for part in _WEIGHTS)
        sizes["graph"] = max(0, sizes.get("model", weights) - weights)
    return found


def _parts_table(parts: dict[str, dict[str, int]], names: Names) -> Table:
    rows = tuple(
        (names[path], *(megabytes(sizes.get(part, 0)) for part in _PARTS))
        for path, sizes in parts.items()
    )
    return Table(("bundle", *_PARTS.values()), rows, "Size by part")


def _parts_figure(parts: dict[str, dict[str, int]], names: Names) -> Figure:
    series = []
    for path, sizes in parts.items():
        values = tuple(sizes.get(part, 0) / 1e6 for part in _PARTS)
        labels = tuple(figures(value) for value in values)
        series.append(Series(names.colour(path), values, labels))
    return Figure(
        "Where the bytes go",
        bars(list(_PARTS.values()), series, "MB, less is better"),
        "Bar chart of megabytes by part of each bundle",
        tuple((names[path], names.colour(path)) for path in parts),
    )


def _sizes(records: Sequence[Header]) -> dict[str, int]:
    """Bytes of every bundle that any record knows the size of, largest first."""
    sizes: dict[str, int] = {}
    for record in records:
        match record:
            case BenchRecord(bundles=bundles):
                sizes |= {bundle.path: bundle.size_bytes for bundle in bundles}
            case QuantizeRecord():
                sizes |= {record.source: record.source_size_bytes}
                sizes |= {record.bundle: record.size_bytes}
            case ExportRecord():
                sizes |= {record.bundle: record.size_bytes}
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def _figure(sizes: dict[str, int], names: Names) -> Figure:
    series = [
        Series(names.colour(path), (size / 1e6,), (megabytes(size),))
        for path, size in sizes.items()
    ]
    return Figure(
        "Bytes on the device",
        bars([""], series, "MB, less is better"),
        "Bar chart of bundle sizes in megabytes",
        tuple((names[path], names.colour(path)) for path in sizes),
    )
