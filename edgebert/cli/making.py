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
    require("export", "export", *_EXPORT_PACKAGES)
    from edgebert.cli.tables import show_export
    from edgebert.export import ExportOptions, export_model

    record_to(
        json_path,
        lambda: export_model(
            model, output, options=ExportOptions(**chosen), force=force, offline=is_offline()
        ),
        show_export,
    )


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@options.output("Bundle")
@click.option(
    "--scheme",
    type=click.Choice(["auto", "token", "static", "dynamic", "weight-only"]),
    default="auto",
    show_default=True,
    help="auto: the fastest mixture inside a drift budget. token: a scale for each token. static: "
    "one scale, from calibration texts. dynamic: one for each batch, as other tools do. "
    "weight-only: activations stay floats.",
)
@click.option(
    "--bits",
    type=click.Choice([8, 4]),
    default=8,
    show_default=True,
    help="Bits of a weight; 4 with weight-only.",
)
@click.option(
    "--activations",
    type=click.Choice([8, 16]),
    default=8,
    show_default=True,
    help="Bits of an activation; 16 with static, for the targets npu and portable.",
)
@click.option(
    "--calibration",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Texts like those to come: ranges are taken from them and from built-in texts in many "
    "languages. Default: the built-in texts alone.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=32),
    default=384,
    show_default=True,
    help="How many texts of it are used.",
)
@click.option(
    "--isa",
    type=click.Choice(["auto", "vnni", "any"]),
    default="auto",
    show_default=True,
    help="any: weights that every CPU multiplies alike. vnni: the full range, for which CPUs "
    "without VNNI take a third longer. auto: any where there are texts to make up for it.",
)
@click.option(
    "--data",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Texts to measure the drift on. Default: a part of the calibration texts, held out.",
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

    Without --max-drift and --max-flips, auto stays within 0.0015 of 1 - cosine on average and
    0.007 for 99 texts of 100, or changes at most 0.5 % of the labels.

    \b
        edgebert quantize minilm/ -o minilm-int8/ --calibration texts.txt
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
    from edgebert.export import ExportOptions
    from edgebert.measures import Thresholds

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
