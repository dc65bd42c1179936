"""Records as short texts for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from edgebert.records.compared import DiffRecord
from edgebert.records.made import ExportRecord, QuantizeRecord, TrainingRecord
from edgebert.records.manifest import Count, Drift, KindDrift, TrimmedVocabulary
from edgebert.records.measured import DoctorRecord, InspectRecord, Placement, Quantized

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
    lines = [title, *_labels_of(record)]
    if record.epochs:
        rows = [
            (e.epoch, f"{e.loss:.4f}", "" if e.dev is None else f"{e.dev:.2f}", f"{e.seconds:.0f}")
            for e in record.epochs
        ]
        lines.append(table(("epoch", "loss", f"dev {record.metric or ''}".strip(), "s"), rows))
    return "\n".join(lines)


def _labels_of(record: TrainingRecord) -> Iterator[str]:
    """How the labels of a file were understood."""
    if not record.labels:
        return
    each = "any number of them" if record.multi_label else "one"
    named = ", ".join(record.labels[:8]) + (", ..." if len(record.labels) > 8 else "")
    yield f"{len(record.labels)} labels, a text has {each}: {named}"
    if not record.multi_label and any("|" in label for label in record.labels):
        yield "the | in them is part of a name; --multi-label would separate labels there"


def show_export(record: ExportRecord) -> str:
    return (
        f"{_bundle(record)}: {record.task}, {record.architecture}, {record.precision} for "
        f"{record.target}, {_size(record.size_bytes)}\n"
        f"max length {record.max_length} (from {record.max_length_source})\n"
        f"{_vocabulary(record.trimmed_vocabulary)}"
        f"{without_embedding(record.tokens_without_embedding)}"
        f"fused: {_coverage(record.coverage)}\n"
        f"{_unfused(record.unfused)}\n"
        f"{_parity(record)}"
    )


def _unfused(reasons: Mapping[str, str]) -> str:
    return "".join(f"not fused: {part} ({reason})\n" for part, reason in reasons.items())


def without_embedding(tokens: Sequence[str]) -> str:
    """Say which tokens a model cannot read; nothing where it reads all."""
    if not tokens:
        return ""
    shown = ", ".join(map(repr, tokens[:5])) + ", ..." * (len(tokens) > 5)
    return (
        f"warning: {len(tokens)} tokens have no embedding, and a text that holds one is refused: "
        f"{shown}\n"
    )


def _vocabulary(trimmed: TrimmedVocabulary | None) -> str:
    if trimmed is None:
        return ""
    kept = f"vocabulary: {trimmed.kept} of {trimmed.pieces} pieces kept for {trimmed.corpus}"
    saved = f", {_size(trimmed.saved_bytes)} less"
    if trimmed.unseen is None:
        return f"{kept}{saved}\n"
    more = trimmed.unseen.pieces_after / max(1, trimmed.unseen.pieces_before) - 1
    unknown = trimmed.unseen.unknown_after - trimmed.unseen.unknown_before
    return f"{kept}{saved}; unseen text takes {more:.1%} more pieces, {unknown} of them unknown\n"


def _parity(record: ExportRecord) -> str:
    """The worst of all comparisons under each session's settings."""
    rows = []
    for session in dict.fromkeys(case.session for case in record.parity):
        cases = [case for case in record.parity if case.session == session]
        worst = max(cases, key=lambda case: case.badness)
        rows.append((session, len(cases), worst.problem or f"{worst.max_abs:.1e}", worst.name))
    header = ("parity with PyTorch under", "inputs", f"off by (allowed {record.atol:g})", "at")
    return table(header, rows)


def show_quantize(record: QuantizeRecord) -> str:
    return (
        f"{_bundle(record)}: int8 ({record.scheme}), {_size(record.size_bytes)}, "
        f"{record.source_size_bytes / record.size_bytes:.1f}x smaller than {record.source}\n"
        f"coverage: {_coverage(record.coverage)}\n"
        f"{_calibration(record)}"
        + "\n".join([_drift(record.drift), *map(_drift, record.drift.others)])
    )


def _drift(drift: Drift | KindDrift) -> str:
    flips = "" if drift.flips is None else f", {100 * drift.flips:.2f} % of labels changed"
    return (
        f"drift on {drift.n} texts ({drift.texts}): mean {drift.mean:.2g}, p99 {drift.p99:.2g}, "
        f"worst {drift.max:.2g}{flips}"
    )


def _calibration(record: QuantizeRecord) -> str:
    """Which texts set the ranges, and what else a search would have given."""
    lines = [f"calibrated on {record.calibration}"] if record.calibration else []
    timed = [point for point in record.pareto if point.latency_ms is not None]
    if timed:
        rows = [
            (point.scheme, f"{point.drift:.2g}", f"{point.latency_ms:.1f}")
            for point in sorted(timed, key=lambda point: (point.latency_ms or 0, point.drift))
        ]
        lines.append(table(("tried", "drift", "ms at 1x128, 1 thread"), rows))
    return "".join(f"{line}\n" for line in lines)


def show_inspect(record: InspectRecord) -> str:
    operators = sorted(record.operators.items(), key=lambda item: (-item[1], item[0]))
    parts = [
        _described(record),
        table(("operator", "nodes"), operators),
        table(("part", "size"), [(name, _size(size)) for name, size in record.sizes.items()]),
        f"coverage: {_coverage(record.coverage) if record.coverage else 'not stated'}",
        *(f"not fused: {part} ({reason})" for part, reason in record.unfused.items()),
        f"int8: {_quantized(record.quantized)}",
        *_saturation(record),
        *_placement(record.placement),
        *(f"risk: {risk}" for risk in record.risks),
    ]
    return "\n\n".join(parts)


def _quantized(found: Quantized) -> str:
    forms = [f"{count} {form}" for form, count in found.forms.items() if form != "float"]
    how = f" ({', '.join(forms)})" if forms else ""
    return f"{found.int8} of {found.matmuls} MatMuls with weights{how}"


def _saturation(record: InspectRecord) -> Iterator[str]:
    """Layers whose sums can leave 16 bits, or a sentence where none can."""
    rows = [
        (
            layer.name,
            f"{layer.overflowing_pairs:.2%}",
            "not known" if layer.expected_error is None else f"{layer.expected_error:.2%}",
        )
        for layer in record.saturation
    ]
    if rows:
        yield table(("without VNNI", "pairs that can saturate", "error of outputs"), rows)
    elif record.quantized.int8:
        yield "every CPU multiplies these weights alike: no sum can leave 16 bits"


def _placement(placement: Placement | None) -> Iterator[str]:
    """Nodes by operator and provider, and what of the work another provider than asked does."""
    if placement is None:
        return
    rows = [
        (provider, operator, count)
        for provider, counts in placement.nodes.items()
        for operator, count in counts.items()
    ]
    totals = [f"{sum(c.values())} nodes on {name}" for name, c in placement.nodes.items()]
    yield table(("runs on", "operator", "nodes"), rows)
    yield f"asked for {placement.provider}: {', '.join(totals)}"
    if placement.fell_back:
        listed = ", ".join(f"{count} {name}" for name, count in placement.fell_back.items())
        yield f"fell back, so 'edgebert.load' refuses it: {listed}"


def _described(record: InspectRecord) -> str:
    if record.target is None:
        return record.path
    shape = "any shape"
    if record.fixed_shape:
        shape = "{} x {} tokens and nothing else".format(*record.fixed_shape)
    return f"{record.path}: for {record.target}, takes {shape}"


def show_doctor(record: DoctorRecord) -> str:
    rows = [("ok" if c.passed else "FAILED", c.name, c.detail) for c in record.checks]
    return "\n\n".join([table(("", "check", "detail"), rows), *record.ways_out])


def show_diff(record: DiffRecord) -> str:
    from edgebert.report.changes import change_cells

    held = [
        ("ok" if r.passed else "FAILED", r.subject, f"{r.bound:.4g}", f"{r.value:.4g}")
        for r in record.regressions
    ]
    parts = [
        table(("what", "figure", "before", "after", "change"), map(change_cells, record.changes)),
        table(("", record.kind, "bound", "measured"), held) if held else "no bounds were set",
        *record.notes,
    ]
    return "\n\n".join(parts)


def show_build(records: BuildRecords, output: Path) -> str:
    from edgebert.cli.bench_table import show_bench
    from edgebert.cli.check_table import show_check

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
        if count.expected or count.found
    )
    return ", ".join(parts) or "nothing"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"
