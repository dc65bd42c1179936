"""Records as short texts for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from edgebert.records.checked import CheckRecord
from edgebert.records.made import ExportRecord, QuantizeRecord, TrainingRecord
from edgebert.records.manifest import Count
from edgebert.records.measured import BenchRecord, DoctorRecord, InspectRecord

if TYPE_CHECKING:
    from edgebert.build import BuildRecords
    from edgebert.demo import DemoResult

Row = Sequence[object]


def table(header: Sequence[str], rows: Iterable[Row]) -> str:
    """Columns as wide as their widest cell; numbers should come formatted."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def show_training(record: TrainingRecord) -> str:
    title = (
        f"{record.checkpoint}: {record.layers} layers, hidden {record.hidden}, "
        f"{record.parameters / 1e6:.1f} M parameters, {record.examples} examples, "
        f"{record.seconds:.0f} s"
    )
    lines = [title]
    if record.epochs:
        rows = [
            (e.epoch, f"{e.loss:.4f}", "" if e.dev is None else f"{e.dev:.2f}", f"{e.seconds:.0f}")
            for e in record.epochs
        ]
        lines.append(table(("epoch", "loss", f"dev {record.metric or ''}".strip(), "s"), rows))
    return "\n".join(lines)


def show_export(record: ExportRecord) -> str:
    worst = max(case.max_abs for case in record.parity)
    return (
        f"{_bundle(record)}: {record.task}, {record.architecture}, fp32, {_mb(record.size_bytes)}\n"
        f"max length {record.max_length} (from {record.max_length_source})\n"
        f"fused: {_coverage(record.coverage)}\n"
        f"parity with PyTorch: largest difference {worst:.1e} over {len(record.parity)} batches "
        f"(allowed {record.atol:g})"
    )


def show_quantize(record: QuantizeRecord) -> str:
    drift = record.drift
    flips = "" if drift.flips is None else f", {100 * drift.flips:.2f} % of labels changed"
    return (
        f"{_bundle(record)}: int8 ({record.scheme}), {_mb(record.size_bytes)}, "
        f"{record.source_size_bytes / record.size_bytes:.1f}x smaller than {record.source}\n"
        f"coverage: {_coverage(record.coverage)}\n"
        f"drift on {drift.n} texts ({drift.texts}): mean {drift.mean:.2g}, p99 {drift.p99:.2g}, "
        f"worst {drift.max:.2g}{flips}"
    )


def show_check(record: CheckRecord) -> str:
    rows: list[Row] = [("texts", record.n), ("mean distance", f"{record.distance_mean:.3g}")]
    if record.cosine:
        c = record.cosine
        rows.append(("cosine mean / p01 / min", f"{c.mean:.5f} / {c.p01:.4f} / {c.min:.4f}"))
    if record.neighbours:
        rows.append(("same neighbours of 10", f"{100 * record.neighbours.overlap_at_10:.1f} %"))
    if record.labels:
        low, high = (100 * bound for bound in record.labels.ci95)
        share = f"{100 * record.labels.rate:.2f} % (95 %: {low:.2f} to {high:.2f})"
        rows.append(("changed labels", f"{record.labels.flips} of {record.labels.n} = {share}"))
    if record.entities:
        e = record.entities
        rows.append(
            (
                "entities",
                f"{e.added} added, {e.lost} lost, {e.moved} moved, {e.relabelled} relabelled",
            )
        )
    if record.metric:
        m = record.metric
        rows.append((m.name, f"{m.reference:.2f} -> {m.candidate:.2f} ({-m.drop:+.2f} points)"))
    if record.batch_invariance:
        rows.append(("alone / in a batch", f"cosine {record.batch_invariance.min_cosine:.5f}"))
    bounds = ", ".join(f"{name} {value:g}" for name, value in record.thresholds.items()) or "none"
    rows.append(("bounds", bounds))
    verdict = "passed" if record.passed else "FAILED"
    title = f"{record.candidate} against {record.reference} on {record.data}: {verdict}"
    return f"{title}\n{table(('measure', 'value'), rows)}"


def show_bench(record: BenchRecord) -> str:
    cold = table(
        ("bundle", "precision", "size", "load ms", "first ms", "peak MB"),
        [
            (b.path, b.precision, _mb(b.size_bytes), f"{b.load_ms:.0f}",
             f"{b.first_inference_ms:.1f}", "-" if b.peak_rss_mb is None else f"{b.peak_rss_mb:.0f}")
            for b in record.bundles
        ],
    )  # fmt: skip
    warm = table(
        ("bundle", "batch", "length", "threads", "min ms", "p50", "p95", "p99", "texts/s"),
        [
            (Path(record.bundles[r.bundle].path).name, r.batch, r.length, r.threads,
             f"{r.min_ms:.2f}", f"{r.p50_ms:.2f}", f"{r.p95_ms:.2f}", f"{r.p99_ms:.2f}",
             f"{r.texts_per_s:.0f}")
            for r in record.results
        ],
    )  # fmt: skip
    noisy = "noisy, read with care" if record.noise.noisy else "steady"
    spread = f"machine: {noisy} (medians of rounds spread {100 * record.noise.round_spread:.0f} %)"
    return f"{cold}\n\n{warm}\n\n{spread}"


def show_inspect(record: InspectRecord) -> str:
    operators = sorted(record.operators.items(), key=lambda item: (-item[1], item[0]))
    parts = [
        record.path,
        table(("operator", "nodes"), operators),
        table(("part", "size"), [(name, _mb(size)) for name, size in record.sizes.items()]),
        f"coverage: {_coverage(record.coverage) or 'not stated'}",
        f"int8: {record.quantized.int8} of {record.quantized.matmuls} MatMuls with weights",
        *(f"risk: {risk}" for risk in record.risks),
    ]
    return "\n\n".join(parts)


def show_doctor(record: DoctorRecord) -> str:
    rows = [("ok" if c.passed else "FAILED", c.name, c.detail) for c in record.checks]
    return table(("", "check", "detail"), rows)


def show_build(records: BuildRecords, output: Path) -> str:
    return "\n\n".join(
        [
            show_export(records.export),
            show_quantize(records.quantize),
            show_check(records.check),
            show_bench(records.bench),
            f"report: {output / 'report.html'}",
        ]
    )


def _bundle(record: ExportRecord | QuantizeRecord) -> str:
    return record.bundle if record.passed else f"{record.bundle} (not written)"


def show_demo(result: DemoResult) -> str:
    classified = [(text, answer.label, f"{answer.score:.2f}") for text, answer in result.classified]
    tagged = [
        (text, ", ".join(f"{entity.text} = {entity.label}" for entity in entities))
        for text, entities in result.tagged
    ]
    parts = [
        table(result.summary.header, result.summary.rows),
        result.drift,
        table(("int8 classifies", "intent", "score"), classified),
        table(("int8 tags", "slots"), tagged),
        f"report: {result.report}",
    ]
    return "\n\n".join(parts)


def _coverage(coverage: dict[str, Count]) -> str:
    parts = (
        f"{name.replace('_', ' ')} {count.found} of {count.expected}"
        for name, count in coverage.items()
    )
    return ", ".join(parts)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
