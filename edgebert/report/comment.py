"""Records as GitHub-flavoured Markdown, short enough for a comment under a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from edgebert.errors import InputError
from edgebert.measures.formats import MISSING
from edgebert.output import new_file
from edgebert.records.checked import CheckRecord
from edgebert.records.compared import DiffRecord
from edgebert.records.header import Header
from edgebert.records.timed import BenchRecord
from edgebert.records.trained import TrainingRecord
from edgebert.report import changes, checks, device, made
from edgebert.report.blocks import Section, Table
from edgebert.report.formats import day, figures, times
from edgebert.report.names import Names, names_of
from edgebert.report.read import distinct, of_kind
from edgebert.report.shapes import baseline, by_shape, speedups, title
from edgebert.report.training import tables as training
from edgebert.report.verdict import Outcome, Verdict, verdict

_LONGEST = 60_000  # characters; GitHub refuses comments above 65,536
_ROWS = 20  # of a table
_GAP = "\u200b"  # of no width; what it parts is neither a mention nor a link nor a marker
_SPECIAL = re.compile(r"[\\`*_\[\]~|#]")
_MENTION = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=[\w+-]+:)|(?<=:)(?=//)|(?<=\bwww)(?=\.)")
_MARKER = re.compile(r"^(?=(?:[-+]|\d+[.)]|-{3,}|={3,})(?: |$))")  # of a list, a rule, a heading
_UNSHOWN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", _GAP: "&#8203;"}


def write_markdown(records: Sequence[Header], output: Path) -> Path:
    """Write `render_markdown` to a file, replacing what was there in one step."""
    text = render_markdown(records)
    with new_file(output, force=True) as beside:
        beside.write_text(text, encoding="utf-8")
    return output


def render_markdown(records: Sequence[Header]) -> str:
    """The verdict, what failed and why, the figures that matter; all tables folded below.

    Raises:
        InputError: no records.
    """
    if not records:
        raise InputError("a report needs at least one record")
    shown = distinct(records)
    names = names_of(shown)
    judged = verdict(shown, names)
    parts = [f"### {judged.mark}{judged.headline}", _outcomes(judged), _figures(judged)]
    parts += [_notes(diff.notes) for diff in of_kind(shown, DiffRecord)]
    parts += [_notes(check.warnings) for check in of_kind(shown, CheckRecord)]
    made_at = escaped(day(max(record.created for record in shown)))
    return _shortened(
        [part for part in parts if part],
        [*_details(shown, names)],
        f"<sub>edgebert, {made_at}</sub>",
    )


def _outcomes(judged: Verdict) -> str:
    return "\n".join(line for outcome in judged.outcomes for line in _outcome(outcome))


def _outcome(outcome: Outcome) -> Iterator[str]:
    yield f"- {outcome.mark} {escaped(outcome.title)}" + (
        "" if outcome.gates else ": no bounds were set"
    )
    for failure in outcome.failures:
        yield f"  - {escaped(failure)}"
    for cause in outcome.causes:
        yield f"  - **Likely cause:** {escaped(cause)}"


def _figures(judged: Verdict) -> str:
    rows = tuple((tile.title, tile.value, tile.note) for tile in judged.tiles)
    return _table(Table(("figure", "value", ""), rows)) if rows else ""


def _notes(notes: Sequence[str]) -> str:
    return "\n".join(f"> {escaped(note)}  " for note in notes)


def _details(records: Sequence[Header], names: Names) -> Iterator[str]:
    checked = of_kind(records, CheckRecord)
    for diff in of_kind(records, DiffRecord):
        yield _folded("Before and after", changes.tables(diff, names))
    if checked:
        yield _folded(
            "Bounds and figures",
            (
                *checks.gates(checked, names),
                *checks.metrics(checked, names),
                checks.measured(checked, names),
            ),
        )
    yield _folded("Slices", checks.slices(checked, names))
    yield _folded("Latency", tuple(_medians(b, names) for b in of_kind(records, BenchRecord)))
    yield _folded("Worst texts", checks.worst(checked, names))
    trained = of_kind(records, TrainingRecord)
    if trained:
        yield _folded(
            "Training", (training.runs(trained, names), *training.differences(trained, names))
        )
        yield _folded("Mistakes on dev", tuple(training.mistakes(trained, names)))
    for build in (device.doctor, made.coverage, device.environment):
        section: Section | None = build(records, names)
        if section:
            yield _folded(section.title, section.tables)


def _medians(bench: BenchRecord, names: Names) -> Table:
    """A row for each shape: p50 of every bundle, and what it gains over the baseline."""
    shown = [title(bundle, names) for bundle in bench.bundles]
    gains = {i: speedups(bench, i) for i in range(len(shown)) if i != baseline(bench)}
    rows = []
    for shape, found in by_shape(bench).items():
        cells = [figures(found[i].p50_ms) if i in found else MISSING for i in range(len(shown))]
        ratios = [times(gain[shape]) if shape in gain else MISSING for gain in gains.values()]
        rows.append((str(shape), *cells, *ratios))
    header = ("call", *(f"{name} p50 ms" for name in shown), *(f"{shown[i]} faster" for i in gains))
    return Table(header, tuple(rows))


def _folded(title: str, tables: Sequence[Table]) -> str:
    shown = [_table(table) for table in tables if table.rows]
    body = "\n\n".join(shown)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>" if shown else ""


def _table(table: Table) -> str:
    alignment = ("---:" if number else "---" for number in table.numeric)
    lines = [_row(map(escaped, table.header)), _row(alignment)]
    lines += [_row(map(escaped, row)) for row in table.rows[:_ROWS]]
    caption = [f"**{escaped(table.caption)}**", ""] if table.caption else []
    left = len(table.rows) - _ROWS
    more = ["", f"{left:,} more rows are in the record."] if left > 0 else []
    return "\n".join([*caption, *lines, *more])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shortened(parts: list[str], details: list[str], end: str) -> str:
    """All parts, and of the details as many as a comment holds."""
    told = [part for part in details if part]
    while told and sum(len(part) + 2 for part in (*parts, *told, end)) > _LONGEST:
        told.pop()
    return "\n\n".join((*parts, *told, end)) + "\n"


def escaped(text: str) -> str:
    """`text` on one line, shown as it is: no markup, no HTML, nobody mentioned, nothing linked."""
    line = _UNSHOWN.sub("\ufffd", " ".join(text.split()))
    line = _MARKER.sub(_GAP, _MENTION.sub(_GAP, line))
    return "".join(
        _ENTITIES.get(character, character) for character in _SPECIAL.sub(r"\\\g<0>", line)
    )
