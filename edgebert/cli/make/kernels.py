"""A bundle that exists, measured with edgebert's kernels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to, require
from edgebert.cli.tables import drift_line, written

if TYPE_CHECKING:
    from edgebert.records.made import KernelsRecord


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@click.option(
    "--reference",
    type=options.FOLDER,
    required=True,
    metavar="FP32_BUNDLE",
    help="The float bundle that BUNDLE was made of.",
)
@click.option(
    "--data",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Texts to measure the drift on, which BUNDLE was not calibrated on. Default: built-in "
    "sentences.",
)
@options.labelled_columns
@options.output("Bundle")
@options.max_drift
@options.max_flips
@options.force
@options.json_record
def kernels(
    bundle: Path,
    reference: Path,
    data: Path | None,
    output: Path,
    max_drift: float | None,
    max_flips: float | None,
    force: bool,
    json_path: Path | None,
    **named: Any,
) -> None:
    """Measure BUNDLE with edgebert's kernels, so that they run it where they are installed.

    They round in other places than onnxruntime, so a bundle is run by them only if its manifest
    holds what was measured: 'quantize' does that where they are installed. Graph and tokenizer stay
    as they are. Bounds are those of 'quantize'.

    \b
        edgebert kernels minilm-int8/ --reference minilm/ --data dev.tsv -o minilm-kernels/
    """
    require("kernels", "quantize", "onnx", "onnxruntime")
    from edgebert.quantize import HeldOut, add_kernels

    held_out = HeldOut(data, options.columns_of(named))

    record_to(
        json_path,
        lambda: add_kernels(
            bundle,
            output,
            reference=reference,
            held_out=held_out,
            max_drift=max_drift,
            max_flips=max_flips,
            force=force,
        ),
        show_kernels,
    )


def show_kernels(record: KernelsRecord) -> str:
    layers = len(record.layers) + len(record.left)
    bits = "the same bits on every CPU" if record.kernels.exact else "not to the bit on every CPU"
    return (
        f"{written(record.bundle, record.passed)}: kernels of arithmetic "
        f"{record.kernels.arithmetic} run {len(record.layers)} of {layers} layers, {bits}\n"
        f"{drift_line(record.kernels.drift)}"
    )
