"""Commands that measure and look: check, bench, report, inspect, doctor."""

from __future__ import annotations

from pathlib import Path

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require


@click.command(cls=Command)
@click.argument("reference")
@click.argument("candidate")
@click.option(
    "--data",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Texts, with or without labels. Default: built-in sentences.",
)
@options.text_column
@click.option(
    "--min-cosine",
    type=click.FloatRange(-1, 1),
    metavar="X",
    help="Smallest cosine that any one embedding may have to its reference.",
)
@options.max_drift
@options.max_flips
@click.option(
    "--max-metric-drop",
    type=float,
    metavar="POINTS",
    help="Points that accuracy, Spearman or entity F1 may lose.",
)
@click.option(
    "--min-neighbours",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Smallest mean share of equal neighbours among the nearest ten.",
)
@options.json_record
def check(
    reference: str,
    candidate: str,
    data: Path | None,
    text_column: str | None,
    json_path: Path | None,
    **bounds: float | None,
) -> None:
    """Hold the answers of CANDIDATE against those of REFERENCE; exit 3 when they drift too far.

    Either side is a checkpoint or a bundle. Without bounds, those that the candidate's manifest
    promises are held.

    \b
        edgebert check path/to/checkpoint out/int8 --data dev.tsv --max-metric-drop 0.5
    """
    from edgebert.cli.tables import show_check
    from edgebert.drift import check as run_check
    from edgebert.drift.checking import Thresholds

    record_to(
        json_path,
        lambda: run_check(
            reference,
            candidate,
            data,
            thresholds=Thresholds(**bounds),
            text_column=text_column,
            offline=is_offline(),
        ),
        show_check,
    )


@click.command(cls=Command)
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE...", type=options.FOLDER)
@click.option(
    "--lengths",
    default="16,32,128",
    show_default=True,
    callback=options.number_list,
    help="Tokens in each text.",
)
@click.option(
    "--batch-sizes",
    default="1,8",
    show_default=True,
    callback=options.number_list,
    help="Texts in each run.",
)
@click.option(
    "--threads",
    callback=options.number_list,
    help="Cores a run may use. Default: 1 and all that are granted.",
)
@options.json_record
def bench(
    bundles: tuple[Path, ...],
    lengths: tuple[int, ...],
    batch_sizes: tuple[int, ...],
    threads: tuple[int, ...] | None,
    json_path: Path | None,
) -> None:
    """Measure latency, throughput, memory and cold start of bundles, in alternating rounds.

    \b
        edgebert bench out/fp32 out/int8 --lengths 32,128 --json bench.json
    """
    from edgebert.cli.tables import show_bench
    from edgebert.latency import bench as run_bench

    record_to(
        json_path,
        lambda: run_bench(bundles, lengths=lengths, batch_sizes=batch_sizes, threads=threads),
        show_bench,
    )


@click.command(cls=Command)
@click.argument(
    "records", nargs=-1, required=True, metavar="RECORD.json...", type=options.DATA_FILE
)
@options.output("HTML page")
@options.force
def report(records: tuple[Path, ...], output: Path, force: bool) -> None:
    """Write one self-contained HTML page from the RECORDs of any commands.

    \b
        edgebert report check.json bench.json -o report.html
    """
    require("report", "report", "jinja2", "matplotlib")
    from edgebert.report import write_report

    click.echo(write_report(records, output, force=force))


@click.command(cls=Command)
@click.argument("path", type=options.FOLDER)
@options.json_record
def inspect(path: Path, json_path: Path | None) -> None:
    """Show what is in a bundle or an ONNX file: operators, coverage, sizes, risks.

    \b
        edgebert inspect out/int8
    """
    from edgebert.cli.tables import show_inspect
    from edgebert.inspect import inspect_path

    record_to(json_path, lambda: inspect_path(path), show_inspect)


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@options.json_record
def doctor(bundle: Path, json_path: Path | None) -> None:
    """Check that this device gives the answers that BUNDLE promises; exit 3 when it does not.

    \b
        edgebert doctor out/int8
    """
    from edgebert.cli.tables import show_doctor
    from edgebert.doctor import examine

    record_to(json_path, lambda: examine(bundle), show_doctor)


COMMANDS = (check, bench, report, inspect, doctor)
