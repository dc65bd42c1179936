"""A float bundle to an int8 bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to, require
from edgebert.cli.tables import coverage_text, drift_line, size_text, table, written

if TYPE_CHECKING:
    from edgebert.records.made import QuantizeRecord
    from edgebert.records.manifest import Drift, Web


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
    type=options.DATA,
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
    "without VNNI take a third longer. auto: any where there are texts to make up for it; vnni for "
    "--target web, where the full range is exact.",
)
@click.option(
    "--data",
    type=options.DATA,
    metavar="FILE",
    help="Texts to measure the drift on. Default: a part of the calibration texts, held out.",
)
@options.labelled_columns
@click.option(
    "--kernels",
    type=click.Choice(["auto", "off"]),
    default="auto",
    show_default=True,
    help="auto: measure with edgebert's kernels too, where they are installed, so that they run it. "
    "off: leave it to onnxruntime. No browser has them: --target web leaves them out.",
)
@click.option(
    "--target",
    type=click.Choice(["web"]),
    help="web: what is fastest in WebAssembly, with drift, bounds and times of there. Takes Node 20 "
    "or newer, and onnxruntime-web in node_modules. Default: the target of BUNDLE.",
)
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
    0.007 for 99 texts of 100, or changes at most 0.5 % of the labels (1.5 % of a translator's
    next tokens).

    \b
        edgebert quantize minilm/ -o minilm-int8/ --calibration texts.txt
        edgebert quantize minilm/ -o minilm-web/ --target web
    """
    require("quantize", "quantize", "onnx", "onnxruntime")
    from edgebert.quantize import QuantizeOptions, quantize_bundle

    record_to(
        json_path,
        lambda: quantize_bundle(bundle, output, options=QuantizeOptions(**chosen), force=force),
        show_quantize,
    )


def show_quantize(record: QuantizeRecord) -> str:
    return (
        f"{written(record.bundle, record.passed)}: int8 ({record.scheme}), {size_text(record.size_bytes)}, "
        f"{record.source_size_bytes / record.size_bytes:.1f}x smaller than {record.source}\n"
        f"coverage: {coverage_text(record.coverage)}\n"
        f"{_calibration(record)}" + "\n".join(_measured(record))
    )


def _measured(record: QuantizeRecord) -> list[str]:
    """How far it drifts wherever that was measured."""
    if record.web is None:
        return [*_drifts(record.drift), *_kernels(record)]
    web = record.web
    there = f"in WebAssembly (onnxruntime-web {web.onnxruntime_web}, Node {web.node})"
    lines = [*_times(web), *(f"{there}: {line}" for line in _drifts(web.drift))]
    return [*lines, *(f"on the CPU: {line}" for line in _drifts(record.drift))]


def _times(web: Web) -> list[str]:
    """How fast it is in WebAssembly beside its floats."""
    made = web.chosen
    if made is None or web.float_p50_ms is None:
        return []
    share = web.float_p50_ms / made.p50_ms
    return [
        f"{made.p50_ms:.3g} ms there, {share:.2f}x as fast as floats ({web.float_p50_ms:.3g} ms)"
    ]


def _drifts(drift: Drift) -> list[str]:
    return [drift_line(drift), *map(drift_line, drift.others)]


def _kernels(record: QuantizeRecord) -> list[str]:
    """What edgebert's kernels make of it, where they are installed."""
    if record.kernels is None:
        return []
    if record.kernels_left_out:
        said = f"without kernels, which break a bound: {'; '.join(record.kernels_left_out)}"
    elif record.kernels.exact:
        said = "by kernels, with the same bits on every CPU"
    else:
        said = "by kernels"
    return [f"{said}: {line}" for line in _drifts(record.kernels.drift)]


def _calibration(record: QuantizeRecord) -> str:
    """Which texts set the ranges, and what else a search would have given."""
    lines = [f"calibrated on {record.calibration}"] if record.calibration else []
    timed = [point for point in record.pareto if point.latency_ms is not None]
    if timed:
        rows = [
            (point.scheme, f"{point.drift:.2g}", f"{point.latency_ms:.1f}")
            for point in sorted(timed, key=lambda point: (point.latency_ms or 0, point.drift))
        ]
        where = " of WebAssembly" if record.web else ""
        lines.append(table(("tried", "drift", f"ms at 1x128, 1 thread{where}"), rows))
    return "".join(f"{line}\n" for line in lines)
