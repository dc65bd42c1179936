"""What `optimize` did, as a short text."""

from __future__ import annotations

from edgebert.cli.tables import table, without_embedding
from edgebert.records.made import OptimizeRecord


def show_optimize(record: OptimizeRecord) -> str:
    written = "" if record.passed else " (not written)"
    lines = [f"{record.output}{written}: {record.size_bytes / 1e6:.1f} MB, from {record.graph}"]
    rows = [
        (kind.replace("_", " "), record.before[kind], record.after[kind])
        for kind in ("nodes", *record.coverage)
    ]
    lines += ["", table(("single operators", "before", "after"), rows), ""]
    attention = record.coverage["attention"]
    lines.append(f"attention is fused in {attention.found} of {attention.expected} places")
    lines += [f"not fused: {sentence}" for sentence in record.unfused]
    if record.dropped_outputs:
        lines.append(f"outputs that a bundle does not have: {', '.join(record.dropped_outputs)}")
    lines += without_embedding(record.tokens_without_embedding).splitlines()
    if not record.changed:
        lines.append(_nothing(record))
    if record.parity:
        lines.append(_parity(record))
    return "\n".join(lines)


def _nothing(record: OptimizeRecord) -> str:
    copied = ": the file was copied as it is" if record.output.endswith(".onnx") else ""
    why = "nothing of this could be fused" if record.unfused else "all of it is fused already"
    return f"there was nothing to do, {why}{copied}"


def _parity(record: OptimizeRecord) -> str:
    cases = record.parity
    worst = max(cases, key=lambda case: case.badness)
    sessions = len({case.session for case in cases})
    return (
        f"parity with the original: off by {worst.problem or f'{worst.max_abs:.1e}'} at most "
        f"(allowed {record.atol:g}), {len(cases)} comparisons under {sessions} settings"
    )
