"""The record of a check as a short text for a terminal."""

from __future__ import annotations

from edgebert.cli.tables import Row, table
from edgebert.measures import found_in
from edgebert.measures.metrics import moved_points
from edgebert.records.checked import CheckRecord, Gate


def show_check(record: CheckRecord) -> str:
    verdict = "passed" if record.passed else "FAILED"
    title = f"{record.candidate} against {record.reference} on {record.data}: {verdict}"
    parts = [
        f"{title}\n{table(('measure', 'value'), _measures(record))}",
        _slices(record),
        _gates(record),
        "\n".join(f"cause: {cause.name}: {cause.detail}" for cause in record.causes),
        "\n".join(f"warning: {warning}" for warning in record.warnings),
    ]
    return "\n\n".join(part for part in parts if part)


def _measures(record: CheckRecord) -> list[Row]:
    return [
        ("texts", record.n),
        *(row for measure, part in found_in(record) for row in measure.terminal(part)),
        *((f"{side} made by", maker) for side, maker in record.made_by.items()),
    ]


def _slices(record: CheckRecord) -> str:
    if not record.slices:
        return ""
    rows = [
        (
            f"{part.by}: {part.value}",
            part.n,
            f"{part.distance_mean:.3g}",
            "" if part.flip_rate is None else f"{100 * part.flip_rate:.2f} %",
            "" if part.metric is None else moved_points(part.metric),
        )
        for part in record.slices
    ]
    metric = record.metrics[0].name if record.metrics else ""
    return table(("part", "texts", "distance", "changed labels", metric), rows)


def _gates(record: CheckRecord) -> str:
    if not record.gates:
        return "no bounds were held: give some, like --max-drift"
    return table(("", "gate", "measured", "bound", "set by"), map(_gate, record.gates))


def _gate(gate: Gate) -> Row:
    mark = "ok" if gate.passed else "FAILED"
    if gate.name.startswith("same "):
        return mark, gate.name, "yes" if gate.passed else "no", "yes", gate.source
    return mark, gate.name, f"{gate.value:.4g}", f"{gate.bound:.4g}", gate.source
