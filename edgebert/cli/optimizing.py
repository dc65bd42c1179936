"""The command that fuses exports of other tools: optimize."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to, require

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
    from edgebert.cli.optimize_table import show_optimize
    from edgebert.export import OptimizeOptions, optimize_export

    record_to(
        json_path,
        lambda: optimize_export(source, output, options=OptimizeOptions(**chosen), force=force),
        show_optimize,
    )


COMMANDS = (optimize,)
