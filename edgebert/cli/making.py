"""Commands that make bundles: export, quantize, build, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require

_EXPORT_PACKAGES = (
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
    type=click.Choice(["feature-extraction", "text-classification", "token-classification"]),
    help="What the bundle answers. Default: what the checkpoint says.",
)
@click.option(
    "--target",
    type=click.Choice(["cpu"]),
    default="cpu",
    show_default=True,
    help="What the graph is made for.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32"]),
    default="fp32",
    show_default=True,
    help="Number format of the weights.",
)
@options.max_length
@click.option(
    "--atol",
    type=click.FloatRange(min=0, min_open=True),
    default=1e-4,
    show_default=True,
    help="Largest absolute difference to PyTorch that passes.",
)
@options.force
@options.json_record
def export(
    model: str,
    output: Path,
    task: str | None,
    target: str,
    precision: str,
    max_length: int | None,
    atol: float,
    force: bool,
    json_path: Path | None,
) -> None:
    """Export the checkpoint MODEL (a folder or a hub id) as a float bundle, proved.

    Attention is fused in every layer, pooling and normalization are in the graph, and the result
    is compared with PyTorch on ragged batches before it is written.

    \b
        edgebert export sentence-transformers/all-MiniLM-L6-v2 -o minilm/
    """
    require("export", "export", *_EXPORT_PACKAGES)
    from edgebert.cli.tables import show_export
    from edgebert.export import ExportOptions, export_model

    chosen = ExportOptions(task=task, max_length=max_length, atol=atol)
    record_to(
        json_path,
        lambda: export_model(model, output, options=chosen, force=force, offline=is_offline()),
        show_export,
    )


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@options.output("Bundle")
@click.option(
    "--scheme",
    type=click.Choice(["dynamic"]),
    default="dynamic",
    show_default=True,
    help="How weights and activations become int8.",
)
@click.option(
    "--data",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Texts to measure the drift on. Default: built-in sentences.",
)
@options.text_column
@options.max_drift
@options.max_flips
@options.force
@options.json_record
def quantize(
    bundle: Path,
    output: Path,
    force: bool,
    json_path: Path | None,
    **chosen: Any,
) -> None:
    """Quantize the float BUNDLE to int8 and measure how far that moves its answers.

    \b
        edgebert quantize minilm/ -o minilm-int8/ --data texts.txt --max-drift 0.01
    """
    require("quantize", "quantize", "onnx", "onnxruntime")
    from edgebert.cli.tables import show_quantize
    from edgebert.quantize import QuantizeOptions, quantize_bundle

    record_to(
        json_path,
        lambda: quantize_bundle(bundle, output, options=QuantizeOptions(**chosen), force=force),
        show_quantize,
    )


@click.command(cls=Command)
@click.argument("model")
@options.output("Folder")
@click.option(
    "--data",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Texts, with or without labels, to measure drift on. Default: built-in sentences.",
)
@options.max_length
@options.max_drift
@options.max_flips
@options.force
def build(
    model: str,
    output: Path,
    data: Path | None,
    max_length: int | None,
    max_drift: float | None,
    max_flips: float | None,
    force: bool,
) -> None:
    """Export, quantize, check, bench and report the checkpoint MODEL in one go.

    \b
        edgebert build path/to/checkpoint -o out/ --data dev.tsv
        edgebert embed out/int8 "a sentence"
    """
    require("build", "all", *_EXPORT_PACKAGES, "jinja2", "matplotlib")
    from edgebert.build import build_bundles
    from edgebert.cli.tables import show_build
    from edgebert.drift.gates import Thresholds
    from edgebert.export import ExportOptions

    records = build_bundles(
        model,
        output,
        data=data,
        options=ExportOptions(max_length=max_length),
        thresholds=Thresholds(max_drift=max_drift, max_flips=max_flips),
        force=force,
        offline=is_offline(),
    )
    click.echo(show_build(records, output))


@click.command(cls=Command)
@options.output("Folder")
@click.option("--seed", default=0, show_default=True, help="Seed of the data and of all training.")
@options.force
def demo(output: Path, seed: int, force: bool) -> None:
    """Train, distil, export, quantize, check, time and use a BERT on built-in data, in minutes.

    \b
        edgebert demo -o demo/
    """
    require("demo", "all", *_EXPORT_PACKAGES, "jinja2", "matplotlib")
    from edgebert.cli.tables import show_demo
    from edgebert.demo import run_demo

    click.echo(show_demo(run_demo(output, seed=seed, force=force)))


COMMANDS = (export, quantize, build, demo)
