"""The fastest way to run a bundle on a machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to
from edgebert.cli.tables import table

if TYPE_CHECKING:
    from edgebert.records.tuned import TuneRecord


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Cores to share out. Default: all that are granted.",
)
@options.kernels
@options.json_record
def tune(bundle: Path, threads: int | None, kernels: str, json_path: Path | None) -> None:
    """Find the fastest way to run BUNDLE on this machine; from then on every load takes it.

    It takes less than a minute and changes no answer. The machine should have nothing else to do.

    \b
        edgebert tune out/int8
    """
    from edgebert.latency import tune as run_tune

    record_to(json_path, lambda: run_tune(bundle, threads=threads, kernels=kernels), show_tune)


def show_tune(record: TuneRecord) -> str:
    from edgebert.report.tuned import TRIED, settings

    rows = [
        (tried.use, *settings(tried.use, tried.profile), f"{tried.ms:.1f}")
        for tried in record.tried
    ]
    return "\n\n".join([table(TRIED, rows), _winner(record)])


def _winner(record: TuneRecord) -> str:
    from edgebert.report.tuned import threads_alone

    p = record.profile
    gains = ", ".join(f"{use} {times:.2f}x" for use, times in record.faster.items())
    kept = record.kept_in or "nowhere: the user's cache cannot be written"
    return (
        f"{p.callers} callers x {p.caller_threads} threads, {p.tokens_per_run} tokens a run; one "
        f"text: {threads_alone(p)} threads, {'spinning' if p.spinning else 'not spinning'}\n"
        f"against no tuning: {gains}\nkept in {kept}"
    )
