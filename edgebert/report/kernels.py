"""What edgebert's kernels make of a bundle's answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebert.measures.formats import MISSING, drift, percent
from edgebert.records.header import Header
from edgebert.records.made import KernelsRecord, QuantizeRecord
from edgebert.records.manifest import Kernels
from edgebert.report.blocks import Section, Table
from edgebert.report.names import Names

_HEADER = ("bundle", "arithmetic", "bits", "texts", "mean", "p99", "max", "changed labels", "")
_NOTE = (
    "Drift from the float bundle where kernels run the bundle, which round in other places than "
    "onnxruntime. They do only where its manifest holds what was measured."
)


def kernels(records: Sequence[Header], names: Names) -> Section | None:
    rows = tuple(row for record in records for row in _rows(record, names))
    return Section("Kernels", _NOTE, tables=(Table(_HEADER, rows),)) if rows else None


def _rows(record: Header, names: Names) -> Iterator[tuple[str, ...]]:
    if isinstance(record, KernelsRecord):
        yield _row(names[record.bundle], record.kernels, record.failures)
    elif isinstance(record, QuantizeRecord) and record.kernels:
        yield _row(names[record.bundle], record.kernels, record.kernels_left_out)


def _row(name: str, measured: Kernels, broken: Sequence[str]) -> tuple[str, ...]:
    found = measured.drift
    return (
        name,
        str(measured.arithmetic),
        "the same on every CPU" if measured.exact else "within a tolerance",
        f"{found.n:,}",
        *map(drift, (found.mean, found.p99, found.max)),
        percent(found.flips) if found.flips is not None else MISSING,
        f"✗ left out: {'; '.join(broken)}" if broken else "✓ in the manifest",
    )
