"""What was exported: parity and coverage of the graph."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.measures.formats import MISSING, cosine, drift
from edgebert.records.header import Header
from edgebert.records.inspected import InspectRecord
from edgebert.records.made import ExportRecord, OptimizeRecord, ParityCase, QuantizeRecord
from edgebert.report.blocks import Section, Table
from edgebert.report.names import Names
from edgebert.report.read import of_kind


def parity(records: Sequence[Header], names: Names) -> Section | None:
    """The worst of all comparisons under each session's settings."""
    exports = [export for export in of_kind(records, ExportRecord) if export.parity]
    fused = [record for record in of_kind(records, OptimizeRecord) if record.parity]
    titled: list[tuple[ExportRecord | OptimizeRecord, str]] = [
        *((r, f"{names[r.bundle]}: {r.architecture} against PyTorch") for r in exports),
        *((r, f"{names[r.output]}: against the graph it was made of") for r in fused),
    ]
    tables = tuple(
        Table(
            ("settings", "inputs", "largest difference", "at", "lowest cosine"),
            tuple(_setting(session, cases) for session, cases in _by_session(record.parity)),
            f"{title}, allowed difference {record.atol:g}",
        )
        for record, title in titled
    )
    note = "The graph against what it was made of on the same token ids, at positions not masked."
    return Section("Parity", note, tables=tables) if tables else None


def _by_session(cases: Sequence[ParityCase]) -> list[tuple[str, list[ParityCase]]]:
    sessions = dict.fromkeys(case.session for case in cases)
    return [(name, [case for case in cases if case.session == name]) for name in sessions]


def _setting(session: str, cases: Sequence[ParityCase]) -> tuple[str, ...]:
    worst = max(cases, key=lambda case: case.badness)
    return (
        session or MISSING,
        f"{len(cases):,}",
        worst.problem or drift(worst.max_abs),
        f"{worst.name} ({worst.batch:,} × {worst.length:,})",
        cosine(min(case.min_cosine for case in cases)),
    )


def coverage(records: Sequence[Header], names: Names) -> Section | None:
    """What the architecture implies against what the graph holds."""
    rows = []
    for record in records:
        if isinstance(record, ExportRecord | OptimizeRecord | QuantizeRecord | InspectRecord):
            path = _path(record)
            for what, count in record.coverage.items():
                if not count.expected and not count.found:
                    continue  # nothing of the kind in this architecture
                mark = "✓ all" if count.found == count.expected else "✗ not all"
                row = (names[path], what.replace("_", " "), f"{count.found} of {count.expected}")
                rows.append((*row, mark))
    table = Table(("bundle", "operator", "found", ""), tuple(dict.fromkeys(rows)))
    note = "What the architecture implies, and how much of it the graph holds."
    return Section("Coverage", note, tables=(table,)) if rows else None


def _path(record: ExportRecord | OptimizeRecord | QuantizeRecord | InspectRecord) -> str:
    match record:
        case InspectRecord():
            return record.path
        case OptimizeRecord():
            return record.output
    return record.bundle
