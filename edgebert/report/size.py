"""How large each bundle is."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.records.header import Header
from edgebert.records.made import ExportRecord, QuantizeRecord
from edgebert.records.measured import BenchRecord
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars
from edgebert.report.formats import megabytes, times
from edgebert.report.names import Names


def size(records: Sequence[Header], names: Names) -> Section | None:
    sizes = _sizes(records)
    if not sizes:
        return None
    largest = max(sizes.values())
    rows = [
        (names[path], megabytes(size), f"{size:,}", times(largest / max(size, 1)))
        for path, size in sizes.items()
    ]
    table = Table(("bundle", "size", "bytes", "smaller than the largest"), tuple(rows))
    return Section("Size", figures=(_figure(sizes, names),), tables=(table,))


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
