"""A checkpoint to a float bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require
from edgebert.cli.make.trimmed import trimmed_text
from edgebert.cli.tables import coverage_text, size_text, table, without_embedding, written

if TYPE_CHECKING:
    from edgebert.records.made import ExportRecord

PACKAGES = (
    "torch",
    "transformers",
    "onnx",
    "onnxscript",
    "optimum",
    "safetensors",
    "onnxruntime",
)


@click.command(cls=Command)
@click.argument("model")
@options.output("Bundle")
@click.option(
    "--task",
    type=options.TASK,
    help="What the bundle answers. Default: what the checkpoint says.",
)
@click.option(
    "--target",
    type=click.Choice(["cpu", "gpu", "portable", "npu"]),
    default="cpu",
    show_default=True,
    help="What the graph is made for: onnxruntime's CPU provider; CUDA, TensorRT or DirectML; any "
    "runtime, with standard operators only; CoreML, QNN and their like, with a fixed shape.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16"]),
    help="Number format of the weights. Default: fp16 for the target gpu, else fp32.",
)
@click.option(
    "--fixed-shape",
    callback=options.shape,
    metavar="BATCHxTOKENS",
    help="The one shape that the target npu takes. Default: 1x128, or the longest input.",
)
@click.option(
    "--opset",
    type=click.IntRange(18, 23),
    default=20,
    show_default=True,
    help="Version of ONNX's operators.",
)
@options.max_length
@click.option(
    "--ids",
    type=click.Choice(["int64", "int32"]),
    default="int64",
    show_default=True,
    help="Type of the graph's inputs.",
)
@click.option(
    "--atol",
    type=options.POSITIVE,
    help="Largest absolute difference to PyTorch that passes. Default: what the precision allows.",
)
@click.option(
    "--trim-vocabulary",
    type=options.DATA_FILE,
    metavar="CORPUS",
    help="Keep only the pieces that these texts use, and every single character.",
)
@click.option(
    "--allow-pickle",
    is_flag=True,
    help="Read weights that are pickles. Opening one can run code: only from who you trust.",
)
@click.option(
    "--trust-remote-code",
    is_flag=True,
    help="Run the Python code that the checkpoint brings: only from who you trust.",
)
@options.force
@options.json_record
def export(model: str, output: Path, force: bool, json_path: Path | None, **chosen: Any) -> None:
    """Export the checkpoint MODEL (a folder or a hub id) as a float bundle, proved.

    Attention is fused in every layer, pooling and normalization are in the graph, and the result
    is compared with PyTorch on every kind of batch and mask before it is written.

    \b
        edgebert export sentence-transformers/all-MiniLM-L6-v2 -o minilm/
    """
    require("export", "export", *PACKAGES)
    from edgebert.export import ExportOptions, export_model

    record_to(
        json_path,
        lambda: export_model(
            model, output, options=ExportOptions(**chosen), force=force, offline=is_offline()
        ),
        show_export,
    )


def show_export(record: ExportRecord) -> str:
    return (
        f"{written(record.bundle, record.passed)}: {record.task}, {record.architecture}, {record.precision} for "
        f"{record.target}, {size_text(record.size_bytes)}\n"
        f"max length {record.max_length} (from {record.max_length_source})\n"
        f"{trimmed_text(record.trimmed_vocabulary)}"
        f"{without_embedding(record.tokens_without_embedding)}"
        f"fused: {coverage_text(record.coverage)}\n"
        f"{_unfused(record.unfused)}\n"
        f"{_parity(record)}"
    )


def _unfused(reasons: Mapping[str, str]) -> str:
    return "".join(f"not fused: {part} ({reason})\n" for part, reason in reasons.items())


def _parity(record: ExportRecord) -> str:
    """The worst of all comparisons under each session's settings."""
    rows = []
    for session in dict.fromkeys(case.session for case in record.parity):
        cases = [case for case in record.parity if case.session == session]
        worst = max(cases, key=lambda case: case.badness)
        rows.append((session, len(cases), worst.problem or f"{worst.max_abs:.1e}", worst.name))
    header = ("parity with PyTorch under", "inputs", f"off by (allowed {record.atol:g})", "at")
    return table(header, rows)
