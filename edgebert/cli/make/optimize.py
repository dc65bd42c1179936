"""Somebody else's export to a fused and proved one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to, require
from edgebert.cli.tables import table, without_embedding, written

if TYPE_CHECKING:
    from edgebert.records.made import OptimizeRecord

_PACKAGES = ("onnx", "onnxscript", "onnxruntime", "tokenizers")


@click.command(cls=Command)
@click.argument("source", type=options.FOLDER)
@click.option(
    "-o",
    "--output",
    required=True,
    type=options.FOLDER,
    metavar="PATH",
    help="Bundle to write, or .onnx file where SOURCE is one.",
)
@click.option(
    "--task",
    type=options.TASK,
    help="What a folder's graph answers. Default: what its outputs and config.json say.",
)
@options.max_length
@click.option(
    "--atol",
    type=options.POSITIVE,
    help="Largest absolute difference to the original that passes. Default: what is rounding.",
)
@options.force
@options.json_record
def optimize(
    source: Path, output: Path, force: bool, json_path: Path | None, **chosen: Any
) -> None:
    """Fuse the graph SOURCE that another tool exported, and prove it against the original.

    A folder as optimum, sentence-transformers or transformers.js lay it out becomes a bundle; of
    several graphs in it, model.onnx is taken. A lone .onnx file becomes a lone .onnx file; one in
    which there is nothing to fuse is copied as it is. Needs neither PyTorch nor transformers.

    \b
        edgebert optimize all-MiniLM-L6-v2/ -o minilm/
        edgebert optimize model.onnx -o fused.onnx
    """
    require("optimize", "export", *_PACKAGES)
    from edgebert.export import OptimizeOptions, optimize_export

    record_to(
        json_path,
        lambda: optimize_export(source, output, options=OptimizeOptions(**chosen), force=force),
        show_optimize,
    )


def show_optimize(record: OptimizeRecord) -> str:
    output = written(record.output, record.passed)
    lines = [f"{output}: {record.size_bytes / 1e6:.1f} MB, from {record.graph}"]
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
