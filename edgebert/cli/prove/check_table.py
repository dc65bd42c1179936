"""The record of a check as a short text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from edgebert.cli.tables import Row, table
from edgebert.records.checked import CheckRecord, Gate, Metric


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
        ("mean distance", f"{record.distance_mean:.3g}"),
        *_vectors(record),
        *_labels(record),
        *((metric.name, _metric(metric)) for metric in record.metrics),
        *_invariance(record),
        *((f"{side} made by", maker) for side, maker in record.made_by.items()),
    ]


def _vectors(record: CheckRecord) -> Iterator[Row]:
    if record.cosine:
        c = record.cosine
        yield "cosine mean / p01 / min", f"{c.mean:.5f} / {c.p01:.4f} / {c.min:.4f}"
    if record.neighbours:
        n = record.neighbours
        shares = [s for s in (n.overlap_at_1, n.overlap_at_5, n.overlap_at_10) if s is not None]
        yield "same neighbours of 1 / 5 / 10", " / ".join(f"{100 * s:.1f} %" for s in shares)
    if record.pair_similarity:
        p = record.pair_similarity
        yield "similarity of pairs off by", f"{p.mean_abs:.2g} (mean), {p.max_abs:.2g} (most)"


def _labels(record: CheckRecord) -> Iterator[Row]:
    if record.labels:
        low, high = (100 * bound for bound in record.labels.ci95)
        share = f"{100 * record.labels.rate:.2f} % (95 %: {low:.2f} to {high:.2f})"
        yield "changed labels", f"{record.labels.flips} of {record.labels.n} = {share}"
    if record.logits:
        d = record.logits
        yield (
            "logits off by",
            f"{d.mean_abs:.2g} (mean), {d.max_abs:.2g} (most), KL {d.kl_mean:.2g}",
        )
    if record.entities:
        e = record.entities
        moved = f"{e.moved} moved, {e.relabelled} relabelled"
        yield "entities", f"{e.added} added, {e.lost} lost, {moved}"
    if record.mcnemar:
        m = record.mcnemar
        yield "right on one side only", f"{m.only_reference} / {m.only_candidate}, p {m.p:.2g}"


def _metric(metric: Metric) -> str:
    moved = f"{-metric.drop:+.2f} points"
    if metric.ci95:
        low, high = sorted(-bound for bound in metric.ci95)
        moved += f", 95 %: {low:+.2f} to {high:+.2f}"
    return f"{metric.reference:.2f} -> {metric.candidate:.2f} ({moved})"


def _invariance(record: CheckRecord) -> Iterator[Row]:
    for name, found in (
        ("alone / in a batch", record.batch_invariance),
        ("alone / with padding", record.padding_invariance),
    ):
        if found:
            yield name, f"cosine {found.min_cosine:.5f}, {found.max_abs:.2g} at most"


def _slices(record: CheckRecord) -> str:
    if not record.slices:
        return ""
    rows = [
        (
            f"{part.by}: {part.value}",
            part.n,
            f"{part.distance_mean:.3g}",
            "" if part.flip_rate is None else f"{100 * part.flip_rate:.2f} %",
            "" if part.metric is None else _metric(part.metric),
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
