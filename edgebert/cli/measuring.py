"""Commands that measure and look: bench, tune, inspect, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require
from edgebert.output import refuse_existing

if TYPE_CHECKING:
    from edgebert.records.measured import BenchRecord


@click.command(cls=Command)
@click.argument("models", nargs=-1, required=True, metavar="BUNDLE...")
@click.option(
    "--lengths",
    callback=options.number_list,
    help="Tokens in each text. Default: those of 16, 32 and 128 that every model takes.",
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
@click.option(
    "--texts",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Also time the texts of FILE, from text to answer.",
)
@options.text_column
@options.provider
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the figures as a page with charts.",
)
@options.force
@options.json_record
def bench(
    models: tuple[str, ...],
    lengths: tuple[int, ...] | None,
    batch_sizes: tuple[int, ...],
    threads: tuple[int, ...] | None,
    texts: Path | None,
    text_column: str | None,
    provider: str,
    html: Path | None,
    force: bool,
    json_path: Path | None,
) -> None:
    """Measure latency, throughput, memory and cold start of BUNDLEs, in alternating rounds.

    A checkpoint (a folder or a Hugging Face id) may stand among them: PyTorch runs it.

    \b
        edgebert bench path/to/checkpoint out/fp32 out/int8 --texts dev.tsv --html bench.html
    """
    if text_column and not texts:
        raise click.UsageError("--text-column needs --texts.")
    if html:
        require("--html", "report", "jinja2", "matplotlib")
        refuse_existing(html, force=force)

    from edgebert.cli.bench_table import show_bench
    from edgebert.latency import bench as run_bench

    def run() -> BenchRecord:
        return run_bench(
            models,
            lengths=lengths,
            batch_sizes=batch_sizes,
            threads=threads,
            texts=texts,
            text_column=text_column,
            provider=provider,
            offline=is_offline(),
        )

    def page(record: BenchRecord) -> None:
        if html:
            from edgebert.report import write_page

            write_page([record], html, title="edgebert bench", force=force)

    record_to(json_path, run, show_bench, also=page)


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
    from edgebert.cli.tables import show_inspect
    from edgebert.inspect import inspect_path

    record_to(json_path, lambda: inspect_path(path, provider=provider), show_inspect)


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@options.provider
@options.json_record
def doctor(bundle: Path, provider: str, json_path: Path | None) -> None:
    """Check that this device gives the answers that BUNDLE promises; exit 3 when it does not.

    \b
        edgebert doctor out/int8
    """
    from edgebert.cli.tables import show_doctor
    from edgebert.doctor import examine

    record_to(json_path, lambda: examine(bundle, provider=provider), show_doctor)


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Cores to share out. Default: all that are granted.",
)
@options.json_record
def tune(bundle: Path, threads: int | None, json_path: Path | None) -> None:
    """Find the fastest way to run BUNDLE on this machine; from then on every load takes it.

    It takes less than a minute and changes no answer. The machine should have nothing else to do.

    \b
        edgebert tune out/int8
    """
    from edgebert.cli.tune_table import show_tune
    from edgebert.latency import tune as run_tune

    record_to(json_path, lambda: run_tune(bundle, threads=threads), show_tune)


COMMANDS = (bench, tune, inspect, doctor)
