"""Tables of training runs: all of them, where they differ, and what they get wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from edgebert.measures.formats import MISSING, metric_title
from edgebert.records.trained import LabelCounts, Mistakes, TrainingRecord
from edgebert.report.blocks import Table
from edgebert.report.formats import duration
from edgebert.report.names import Names
from edgebert.report.training.runs import (
    kept_score,
    kept_text,
    main_metric,
    score_text,
    settings_of,
)

OTHERS = "all others"
_CONFUSED = 12  # pairs of labels that are listed
_SHORT = 8  # rows up to which a table stays open


def runs(records: Sequence[TrainingRecord], names: Names) -> Table:
    header = ("checkpoint", "by", "task", "layers × hidden", "parameters", "examples", "epochs")
    rows = [
        (
            names[run.checkpoint],
            run.kind,
            run.task,
            f"{run.layers} × {run.hidden}",
            *(f"{number:,}" for number in (run.parameters, run.examples, len(run.epochs))),
            score_text(run),
            kept_text(run),
            duration(run.seconds),
        )
        for run in records
    ]
    return Table((*header, "kept on dev", "kept step", "time"), tuple(rows))


def differences(records: Sequence[TrainingRecord], names: Names) -> Iterator[Table]:
    """For the runs of each command and task a table of the options that are not alike."""
    for kind, task in dict.fromkeys((run.kind, run.task) for run in records):
        alike = [run for run in records if (run.kind, run.task) == (kind, task)]
        settings = [settings_of(run) for run in alike]
        known = dict.fromkeys(name for one in settings for name in one)
        varied = [n for n in known if len({_value(one.get(n)) for one in settings}) > 1]
        if len(alike) < 2:
            continue
        rows = (
            (names[run.checkpoint], *(_value(one.get(name)) for name in varied), *_outcome(run))
            for run, one in zip(alike, settings, strict=True)
        )
        titles = {metric_title(metric) for run in alike if (metric := main_metric(run))}
        score = titles.pop() if len(titles) == 1 else "best on dev"
        header = ("run", *(name.replace("_", " ") for name in varied), score, "time")
        yield Table(header, tuple(rows), f"Where runs of {kind} for {task} differ")


def _outcome(run: TrainingRecord) -> tuple[str, str]:
    value = kept_score(run)
    return MISSING if value is None else f"{value:.2f}", duration(run.seconds)


def _value(value: Any) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or MISSING
    return f"{value:g}" if isinstance(value, float) else str(value)


def mistakes(records: Sequence[TrainingRecord], names: Names) -> Iterator[Table]:
    for run in records:
        if run.mistakes:
            title = f"{names[run.checkpoint]}, {run.mistakes.texts:,} texts of dev"
            yield from _mistakes_of(run.mistakes, title, is_tagger=run.task.startswith("token"))


def _mistakes_of(found: Mistakes, title: str, *, is_tagger: bool) -> Iterator[Table]:
    if found.confusions:
        yield _most_confused(found, title)
    counts = _entity_counts if is_tagger else _label_counts
    yield counts(found, title)
    if found.entities:
        rows = (
            (one.kind, _entity(one.gold, one.gold_text), _entity(one.found, one.found_text))
            for one in found.entities
        )
        header = ("mistake", "expected", "found")
        yield Table(header, tuple(rows), f"{title}: examples of wrong entities", folded=True)


def _most_confused(found: Mistakes, title: str) -> Table:
    totals = {one.label: one.right + one.missed for one in found.labels}
    wrong = [c for c in found.confusions if c.gold != c.found]
    rows = (
        (
            c.gold or OTHERS,
            c.found or OTHERS,
            f"{c.count:,}",
            f"{100 * c.count / totals[c.gold]:.1f} %" if c.gold in totals else MISSING,
        )
        for c in sorted(wrong, key=lambda c: -c.count)[:_CONFUSED]
    )
    header = ("label", "taken for", "texts", "of the label")
    return Table(header, tuple(rows), f"{title}: what is taken for what")


def _label_counts(found: Mistakes, title: str) -> Table:
    rows = tuple(
        (
            one.label,
            f"{one.right + one.missed:,}",
            *(f"{n:,}" for n in (one.right, one.missed, one.spurious)),
            _points(one.right, one.right + one.spurious),
            _points(one.right, one.right + one.missed),
            _points(2 * one.right, 2 * one.right + one.missed + one.spurious),
        )
        for one in _worst_first(found)
    )
    header = ("label", "texts", "right", "missed", "wrongly given", "precision", "recall", "F1")
    return Table(header, rows, f"{title}: by label", folded=len(rows) > _SHORT)


def _entity_counts(found: Mistakes, title: str) -> Table:
    rows = tuple(
        (
            one.label,
            f"{_wanted(one):,}",
            *(
                f"{n:,}"
                for n in (one.right, one.missed, one.wrong_label, one.wrong_bounds, one.spurious)
            ),
            _points(one.right, _wanted(one)),
        )
        for one in _worst_first(found)
    )
    wrong = ("missed", "wrong label", "wrong boundaries", "spurious", "recall")
    return Table(
        ("entity", "in dev", "right", *wrong), rows, f"{title}: entities", folded=len(rows) > 12
    )


def _wanted(one: LabelCounts) -> int:
    return one.right + one.missed + one.wrong_label + one.wrong_bounds


def _worst_first(found: Mistakes) -> list[LabelCounts]:
    return sorted(found.labels, key=lambda one: one.right - _wanted(one) - one.spurious)


def _points(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else MISSING


def _entity(label: str | None, text: str | None) -> str:
    return MISSING if label is None else f"{label}: {text}"
