"""What is in a bundle or an ONNX file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to
from edgebert.cli.tables import coverage_text, drift_line, size_text, table

if TYPE_CHECKING:
    from edgebert.records.inspected import InspectRecord, KernelLayers, Placement, Quantized
    from edgebert.records.manifest import Web


@click.command(cls=Command)
@click.argument("path", type=options.FOLDER)
@click.option(
    "--provider",
    type=options.PROVIDER,
    help="Also run it once on this execution provider, and show where its nodes ran.",
)
@options.json_record
def inspect(path: Path, provider: str | None, json_path: Path | None) -> None:
    """Show what is in a bundle or an ONNX file: operators, coverage, sizes, risks.

    \b
        edgebert inspect out/int8
        edgebert inspect out/portable --provider openvino
    """
    from edgebert.inspect import inspect_path

    record_to(json_path, lambda: inspect_path(path, provider=provider), show_inspect)


def show_inspect(record: InspectRecord) -> str:
    parts = [
        _described(record),
        _operators(record),
        table(("part", "size"), [(name, size_text(size)) for name, size in record.sizes.items()]),
        f"coverage: {coverage_text(record.coverage) if record.coverage else 'not stated'}",
        *(f"not fused: {part} ({reason})" for part, reason in record.unfused.items()),
        f"int8: {_quantized(record.quantized)}",
        *(f"int8 of the {role}: {_quantized(g.quantized)}" for role, g in record.graphs.items()),
        *_saturation(record),
        *_placement(record.placement),
        *_kernels(record.kernels),
        *_web(record.web),
        *(f"risk: {risk}" for risk in record.risks),
    ]
    return "\n\n".join(parts)


def _operators(record: InspectRecord) -> str:
    """How many nodes there are of each operator; of several graphs in a column for each."""
    operators = sorted(record.operators.items(), key=lambda item: (-item[1], item[0]))
    if not record.graphs:
        return table(("operator", "nodes"), operators)
    rows = [
        (name, *(graph.operators.get(name, 0) or "" for graph in record.graphs.values()))
        for name, _ in operators
    ]
    return table(("operator", *record.graphs), rows)


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


def _kernels(kernels: KernelLayers | None) -> Iterator[str]:
    """Which layers edgebert's kernels run, and whether they do by themselves."""
    if kernels is None:
        return
    rows = [(name, "kernels") for name in kernels.layers]
    rows += [(name, "onnxruntime") for name in kernels.left]
    bits = "the same bits on every CPU" if kernels.exact else "with roundings of onnxruntime"
    could = f"{len(kernels.layers)} of {len(rows)} layers, {bits}"
    if kernels.arithmetic is None:
        yield f"kernels: could run {could}, once it is measured with them ('edgebert kernels')"
        return
    yield table(("layer", "runs by"), rows)
    yield f"kernels: run {could}, where 'edgebert[native]' is installed ({kernels.arithmetic})"


def _web(web: Web | None) -> Iterator[str]:
    """What was chosen and measured in WebAssembly."""
    if web is None:
        return
    rows = [
        (one.name, f"{one.drift:.2g}", f"{one.p50_ms:.3g}", "chosen" if one.chosen else "")
        for one in sorted(web.candidates, key=lambda one: one.p50_ms)
    ]
    header = ("in WebAssembly", "drift", f"ms at 1x128, {web.threads} thread", "")
    yield table(header, rows)
    yield (
        f"proved in WebAssembly: {drift_line(web.drift)} (onnxruntime-web {web.onnxruntime_web}, "
        f"Node {web.node})"
    )


def _described(record: InspectRecord) -> str:
    if record.target is None:
        return record.path
    shape = "any shape"
    if record.fixed_shape:
        shape = "{} x {} tokens and nothing else".format(*record.fixed_shape)
    graphs = f"{' and '.join(record.graphs)}, " if record.graphs else ""
    return f"{record.path}: {graphs}for {record.target}, takes {shape}"
