"""The page: records in, one HTML file out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from edgebert.errors import InputError
from edgebert.output import new_file, refuse_existing
from edgebert.records.header import Header
from edgebert.report import (
    changes,
    device,
    drift,
    kernels,
    latency,
    live_drift,
    made,
    quantized,
    size,
    start,
    throughput,
    tuned,
    writing,
)
from edgebert.report.blocks import Section, Table
from edgebert.report.drawing import COLOURS
from edgebert.report.formats import day
from edgebert.report.names import Names, names_of
from edgebert.report.read import distinct, read_record
from edgebert.report.tradeoff import section as worth
from edgebert.report.training import section as trained
from edgebert.report.verdict import verdict

_SECTIONS: tuple[Callable[[Sequence[Header], Names], Section | None], ...] = (
    changes.changes,
    worth.tradeoff,
    size.size,
    latency.latency,
    writing.writing,
    throughput.throughput,
    start.cold_start,
    tuned.tuning,
    drift.drift,
    drift.slices,
    drift.worst_texts,
    live_drift.live_drift,
    trained.training,
    trained.mistakes,
    quantized.quantization,
    kernels.kernels,
    made.coverage,
    made.parity,
    device.contents,
    device.doctor,
    device.environment,
)


@dataclass(frozen=True)
class Summary:
    """A table of the caller's own, shown right after the verdict."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def write_report(
    records: Sequence[Path],
    output: Path,
    *,
    title: str = "edgebert report",
    summary: Summary | None = None,
    force: bool = False,
) -> Path:
    """Read records from JSON files and write them as one page (see `write_page`).

    Raises:
        InputError: no records, or a file that is none of a kind and format known here.
        OutputError: `output` exists or cannot be written.
    """
    refuse_existing(output, force=force)
    read = [read_record(path) for path in records]
    return write_page(read, output, title=title, summary=summary, force=force)


def write_page(
    records: Sequence[Header],
    output: Path,
    *,
    title: str = "edgebert report",
    summary: Summary | None = None,
    force: bool = False,
) -> Path:
    """Write one page that needs no other file and no network.

    Args:
        records: of any kinds, in the order they should be shown; the same one twice counts once.
        output: the HTML file to write.
        title: heading of the page.
        summary: a table of the caller's own.
        force: replace `output` if it exists.

    Returns:
        `output`.

    Raises:
        InputError: no records.
        OutputError: `output` exists or cannot be written.
    """
    if not records:
        raise InputError("a report needs at least one record")
    refuse_existing(output, force=force)
    page = _render(distinct(records), title, summary)
    with new_file(output, force=force) as beside:
        beside.write_text(page, encoding="utf-8", errors="replace")  # lone surrogates in texts
    return output


def _render(records: list[Header], title: str, summary: Summary | None) -> str:
    names = names_of(records)
    sections = [section for build in _SECTIONS if (section := build(records, names))]
    if summary:
        table = Table(summary.header, summary.rows)
        sections.insert(0, Section(summary.title, tables=(table,)))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_read("page.html")).render(
        title=title,
        style=Markup(_read("page.css")),
        verdict=verdict(records, names),
        sections=sections,
        made=day(max(record.created for record in records)),
        colours=COLOURS,
    )


def _read(name: str) -> str:
    return resources.files("edgebert.report").joinpath(name).read_text(encoding="utf-8")
