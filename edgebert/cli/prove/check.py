"""The drift gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import is_offline, record_to, require
from edgebert.cli.bounds import Gated
from edgebert.cli.tables import Row, table

if TYPE_CHECKING:
    from edgebert.drift.gate_file import GateFile
    from edgebert.records.checked import CheckRecord, Gate

_PROJECT = Path("pyproject.toml")


@click.command(cls=Gated)
@click.argument("reference")
@click.argument("candidate")
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Texts, with or without labels, or a folder in the BEIR layout. Default: built-in "
    "sentences, or the texts of saved outputs.",
)
@options.labelled_columns
@options.kernels
@click.option(
    "--baseline",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Record of an earlier check ('--json') that this one must be no worse than.",
)
@click.option(
    "--margin",
    type=float,
    metavar="X",
    help="How much worse than the baseline is still no worse, as a share. Default: 0.1.",
)
@click.option(
    "--config",
    type=options.DATA_FILE,
    metavar="FILE",
    help="TOML file with bounds in [tool.edgebert.check]. Default: pyproject.toml, if it has some.",
)
@click.option(
    "--slice",
    "slice_by",
    multiple=True,
    metavar="BY",
    help="Look at parts of the texts by 'length', by 'script' or by a column. Repeatable.",
)
@options.json_record
@click.option("--junit", type=options.FOLDER, metavar="FILE", help="Write the gates as JUnit XML.")
@click.option(
    "--markdown", type=options.FOLDER, metavar="FILE", help="Write a pull-request comment."
)
@click.option("--html", type=options.FOLDER, metavar="FILE", help="Write a page.")
@options.force
def check(
    reference: str,
    candidate: str,
    data: Path | None,
    text_column: str | None,
    pair_column: str | None,
    label_column: str | None,
    kernels: str,
    baseline: Path | None,
    margin: float | None,
    config: Path | None,
    slice_by: tuple[str, ...],
    json_path: Path | None,
    junit: Path | None,
    markdown: Path | None,
    html: Path | None,
    force: bool,
    **bounds: float | None,
) -> None:
    """Hold the answers of CANDIDATE against those of REFERENCE; exit 3 when they drift too far.

    Either side is a checkpoint, a bundle, an .onnx file, or answers that embed, classify, tag,
    answer or translate saved (.jsonl). Without bounds, those that the candidate's manifest promises are held.

    \b
        edgebert check path/to/checkpoint out/int8 --data dev.tsv --max-metric-drop 0.5
    """
    if html:
        require("--html", "report", "jinja2", "matplotlib")
    from edgebert.drift import check as run_check
    from edgebert.drift.checking import Baseline
    from edgebert.drift.gates import MARGIN
    from edgebert.measures import Thresholds
    from edgebert.output import refuse_existing

    if html:
        refuse_existing(html, force=force)
    asked = _gate_file(config)
    given = Thresholds(**bounds).given()
    baseline = baseline or asked.baseline
    margin = asked.margin if margin is None else margin
    if margin is not None and baseline is None:
        raise click.UsageError("--margin goes with --baseline")
    record_to(
        json_path,
        lambda: run_check(
            reference,
            candidate,
            data,
            thresholds=replace(asked.thresholds, **given),
            baseline=Baseline(baseline, MARGIN if margin is None else margin) if baseline else None,
            slice_by=slice_by,
            text_column=text_column,
            pair_column=pair_column,
            label_column=label_column,
            offline=is_offline(),
            kernels=kernels,
        ),
        show_check,
        lambda record: _write_for_others(record, junit, markdown, html),
    )


def _gate_file(config: Path | None) -> GateFile:
    from edgebert.drift.gate_file import GateFile, has_gate_table, read_gate_file
    from edgebert.measures import Thresholds

    if config is None and not has_gate_table(_PROJECT):
        return GateFile(Thresholds())
    return read_gate_file(config or _PROJECT)


def _write_for_others(
    record: CheckRecord, junit: Path | None, markdown: Path | None, html: Path | None
) -> None:
    """Write the record as other programs and people read it, whether the gate passed or not."""
    from edgebert.output import new_file
    from edgebert.report import render_junit, write_markdown

    if junit:
        with new_file(junit, force=True) as beside:
            beside.write_text(render_junit(record), encoding="utf-8")
    if markdown:
        write_markdown([record], markdown)
    if html:
        from edgebert.report import write_page

        write_page([record], html, title="edgebert check", force=True)


def show_check(record: CheckRecord) -> str:
    verdict = "passed" if record.passed else "FAILED"
    title = f"{record.candidate} against {record.reference} on {record.data}: {verdict}"
    parts = [
        f"{title}\n{table(('measure', 'value'), _measures(record))}",
        _slices(record),
        _gates(record),
        "\n".join(f"cause: {cause.name}: {cause.detail}" for cause in record.causes),
        "\n".join(f"warning: {warning}" for warning in record.warnings),
    ]
    return "\n\n".join(part for part in parts if part)


def _measures(record: CheckRecord) -> list[Row]:
    from edgebert.measures import found_in

    return [
        ("texts", record.n),
        *(row for measure, part in found_in(record) for row in measure.terminal(part)),
        *((f"{side} made by", maker) for side, maker in record.made_by.items()),
    ]


def _slices(record: CheckRecord) -> str:
    if not record.slices:
        return ""
    from edgebert.measures.metrics import moved_points

    rows = [
        (
            f"{part.by}: {part.value}",
            part.n,
            f"{part.distance_mean:.3g}",
            "" if part.flip_rate is None else f"{100 * part.flip_rate:.2f} %",
            "" if part.metric is None else moved_points(part.metric),
        )
        for part in record.slices
    ]
    metric = record.metrics[0].name if record.metrics else ""
    changed = f"changed {record.labels.of}" if record.labels else "changed labels"
    return table(("part", "texts", "distance", changed, metric), rows)


def _gates(record: CheckRecord) -> str:
    if not record.gates:
        return "no bounds were held: give some, like --max-drift"
    return table(("", "gate", "measured", "bound", "set by"), map(_gate, record.gates))


def _gate(gate: Gate) -> Row:
    mark = "ok" if gate.passed else "FAILED"
    if gate.name.startswith("same "):
        return mark, gate.name, "yes" if gate.passed else "no", "yes", gate.source
    return mark, gate.name, f"{gate.value:.4g}", f"{gate.bound:.4g}", gate.source
