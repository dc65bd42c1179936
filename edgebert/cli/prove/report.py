"""Records as a page, as Markdown, or one against another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, record_to, require
from edgebert.cli.tables import table
from edgebert.output import refuse_existing

if TYPE_CHECKING:
    from edgebert.records.compared import DiffRecord
    from edgebert.records.header import Header

STDOUT = Path("-")


@click.command(cls=Command)
@click.argument(
    "records",
    nargs=-1,
    metavar="[RECORD.json|FOLDER]...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "-o",
    "--output",
    type=options.FOLDER,
    metavar="PATH",
    help="HTML page to write; FILE.svg: the chart of accuracy against size and latency alone.",
)
@click.option(
    "--markdown",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Markdown for a pull request ('-': to stdout, and print nothing else there).",
)
@click.option(
    "--diff",
    nargs=2,
    type=options.DATA_FILE,
    metavar="BEFORE AFTER",
    help="Compare two bench, two check or two quantize records.",
)
@click.option(
    "--max-slowdown",
    type=options.POSITIVE,
    metavar="X",
    help="With --diff: largest time after / before; 1.10 lets it grow by 10 %.",
)
@click.option(
    "--max-drift-increase",
    type=options.NOT_NEGATIVE,
    metavar="X",
    help="With --diff: how much the mean distance may grow.",
)
@options.json_record
@options.force
def report(
    records: tuple[Path, ...],
    output: Path | None,
    markdown: Path | None,
    diff: tuple[Path, Path] | None,
    json_path: Path | None,
    force: bool,
    max_slowdown: float | None,
    max_drift_increase: float | None,
) -> None:
    """Write the RECORDs of any commands as one self-contained HTML page, or as Markdown.

    FOLDERs are checkpoints that were trained; several are shown side by side. With --diff, tell
    what changed between two records, and exit 3 when a bound does not hold.

    \b
        edgebert report check.json bench.json -o report.html
        edgebert report runs/* -o runs.html
        edgebert report check*.json bench.json -o accuracy.svg
        edgebert report --diff old.json new.json --max-slowdown 1.10
    """
    bounds = {"max_slowdown": max_slowdown, "max_drift_increase": max_drift_increase}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if not (records or diff):
        raise click.UsageError("Missing argument 'RECORD.json...', or --diff with two of them.")
    if not (output or markdown or diff):
        raise click.UsageError("Nothing to write: give -o PATH, --markdown FILE or --diff.")
    if not diff and (json_path or given):
        raise click.UsageError("--json, --max-slowdown and --max-drift-increase need --diff.")
    if markdown == json_path == STDOUT:
        raise click.UsageError("--markdown and --json cannot both be printed.")
    if output:
        require("report", "report", "jinja2", "matplotlib")
        refuse_existing(output, force=force)
    from edgebert.report.read import read_record

    shown = [read_record(path) for path in _finished(records)]
    write = partial(_write, output=output, markdown=markdown, force=force)
    if diff:
        _diff(diff, given, shown, write, json_path=json_path, markdown=markdown)
        return
    if markdown == STDOUT:
        click.echo(_markdown(shown))
    write(shown, quiet=markdown == STDOUT)


def _finished(paths: tuple[Path, ...]) -> list[Path]:
    """All but runs under way, which `runs/*` names too."""
    under_way = [path for path in paths if path.is_dir() and path.suffix == ".unfinished"]
    for path in under_way:
        click.echo(f"{path} is a run that has not ended, and is left out", err=True)
    return [path for path in paths if path not in under_way]


def _diff(
    files: tuple[Path, Path],
    bounds: dict[str, float],
    others: list[Header],
    write: Callable[..., None],
    *,
    json_path: Path | None,
    markdown: Path | None,
) -> None:
    """Compare, print, and write pages of the difference and the other records, in that order."""
    from edgebert.report import diff_records

    printed = STDOUT in (json_path, markdown)
    record_to(
        json_path,
        lambda: diff_records(*files, bounds),
        lambda made: _markdown([made, *others]) if markdown == STDOUT else show_diff(made),
        also=lambda made: write([made, *others], quiet=printed),
    )


def _markdown(records: list[Header]) -> str:
    from edgebert.report import render_markdown

    return render_markdown(records).rstrip()


def _write(
    records: list[Header],
    *,
    output: Path | None,
    markdown: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Write the files that were asked for and name them, on stderr where stdout is taken."""
    if markdown and markdown != STDOUT:
        from edgebert.report import write_markdown

        click.echo(write_markdown(records, markdown), err=quiet)
    if output:
        from edgebert.report import write_page, write_picture

        write = write_picture if output.suffix == ".svg" else write_page
        click.echo(write(records, output, force=force), err=quiet)


def show_diff(record: DiffRecord) -> str:
    from edgebert.report.changes import change_cells

    held = [
        ("ok" if r.passed else "FAILED", r.subject, f"{r.bound:.4g}", f"{r.value:.4g}")
        for r in record.regressions
    ]
    parts = [
        table(("what", "figure", "before", "after", "change"), map(change_cells, record.changes)),
        table(("", record.kind, "bound", "measured"), held) if held else "no bounds were set",
        *record.notes,
    ]
    return "\n\n".join(parts)
