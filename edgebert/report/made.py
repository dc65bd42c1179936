"""What was made and how: training, parity and coverage of the graph, quantization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from edgebert.records.header import Header
from edgebert.records.made import ExportRecord, QuantizeRecord, TrainingRecord
from edgebert.records.measured import InspectRecord
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, curves
from edgebert.report.formats import cosine, drift, duration, metric_title, percent
from edgebert.report.names import Names
from edgebert.report.read import of_kind


def training(records: Sequence[Header], names: Names) -> Section | None:
    runs = of_kind(records, TrainingRecord)
    if not runs:
        return None
    header = ("checkpoint", "step", "task", "layers", "hidden", "parameters", "examples", "epochs")
    rows = [
        (
            names[run.checkpoint],
            run.kind,
            run.task,
            *map(str, (run.layers, run.hidden)),
            *(f"{number:,}" for number in (run.parameters, run.examples, len(run.epochs))),
            f"{metric_title(run.metric)} {run.best_dev:.2f}"
            if run.metric and run.best_dev is not None
            else "–",
            duration(run.seconds),
        )
        for run in runs
    ]
    table = Table((*header, "best on dev", "time"), tuple(rows))
    figures = tuple(figure for run in runs for figure in _learning(run, names))
    return Section("Training", figures=figures, tables=(table,))


def _learning(run: TrainingRecord, names: Names) -> Iterator[Figure]:
    """Loss, and below it the dev metric where there is one; one epoch alone makes no curve."""
    if len(run.epochs) < 2:
        return
    colour = names.colour(run.checkpoint)
    panels = [("loss", Series(colour, tuple(epoch.loss for epoch in run.epochs)))]
    if any(epoch.dev is not None for epoch in run.epochs):
        panels.append(("dev", Series(colour, tuple(epoch.dev for epoch in run.epochs))))
    below = f", dev {metric_title(run.metric)}" if run.metric and len(panels) > 1 else ""
    title = f"{names[run.checkpoint]}: training loss{below}"
    svg = curves([epoch.epoch for epoch in run.epochs], panels, "epoch")
    yield Figure(title, svg, f"Line chart by epoch of {title}")


def parity(records: Sequence[Header], names: Names) -> Section | None:
    exports = [export for export in of_kind(records, ExportRecord) if export.parity]
    tables = tuple(
        Table(
            ("batch of texts", "texts", "tokens", "largest difference", "lowest cosine"),
            tuple(
                (c.name, f"{c.batch:,}", f"{c.length:,}", drift(c.max_abs), cosine(c.min_cosine))
                for c in export.parity
            ),
            f"{names[export.bundle]}: {export.architecture}, allowed difference {export.atol:g}",
        )
        for export in exports
    )
    note = "The exported graph against PyTorch on the same token ids, at positions not masked."
    return Section("Parity", note, tables=tables) if tables else None


def coverage(records: Sequence[Header], names: Names) -> Section | None:
    """What the architecture implies against what the graph holds."""
    rows = []
    for record in records:
        if isinstance(record, ExportRecord | QuantizeRecord | InspectRecord):
            path = record.path if isinstance(record, InspectRecord) else record.bundle
            for what, count in record.coverage.items():
                mark = "✓ all" if count.found == count.expected else "✗ not all"
                row = (names[path], what.replace("_", " "), f"{count.found} of {count.expected}")
                rows.append((*row, mark))
    table = Table(("bundle", "operator", "found", ""), tuple(dict.fromkeys(rows)))
    note = "What the architecture implies, and how much of it the graph holds."
    return Section("Coverage", note, tables=(table,)) if rows else None


def quantization(records: Sequence[Header], names: Names) -> Section | None:
    made = of_kind(records, QuantizeRecord)
    rows = [
        (
            names[q.bundle],
            q.scheme,
            _decisions(q),
            f"{q.drift.n:,}",
            *map(drift, (q.drift.mean, q.drift.p99, q.drift.max)),
            percent(q.drift.flips) if q.drift.flips is not None else "–",
            duration(q.seconds),
        )
        for q in made
    ]
    header = (
        "bundle",
        "scheme",
        "weights",
        "texts",
        "mean",
        "p99",
        "max",
        "changed labels",
        "time",
    )
    note = "Drift from the float bundle, measured before the int8 bundle was written."
    return Section("Quantization", note, tables=(Table(header, tuple(rows)),)) if rows else None


def _decisions(record: QuantizeRecord) -> str:
    counts = Counter(layer.decision for layer in record.layers).most_common()
    return ", ".join(f"{count:,} {decision}" for decision, count in counts)
