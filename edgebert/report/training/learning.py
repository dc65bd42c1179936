"""Curves of training runs: loss, dev metrics and learning rate by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from edgebert.measures.formats import metric_title
from edgebert.records.trained import LOSS, TrainingRecord
from edgebert.report.blocks import Figure
from edgebert.report.drawing import COLOURS, INK, canvas, colour, power, to_svg
from edgebert.report.names import Names
from edgebert.report.training.runs import (
    Points,
    main_metric,
    main_scores,
    measured_by,
    metrics_of,
    scores_of,
)

_MANY = 30  # points from which a line has no dots


@dataclass(frozen=True)
class Line:
    colour: int
    points: Points
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """Lines over one axis; `share` of the height that others have."""

    label: str
    lines: tuple[Line, ...]
    share: float = 1.0


def learning(run: TrainingRecord, names: Names) -> Iterator[Figure]:
    """One run: panels above one another, and where its weights were kept."""
    hue = names.colour(run.checkpoint)
    panels = list(_by_step(run, hue) if run.curve else _by_epoch(run, hue))
    if not any(len(line.points) > 1 for panel in panels for line in panel.lines):
        return
    shown = metrics_of(run)
    metric = main_metric(run)
    told = ["training loss"]
    told += (
        [f"dev {metric_title(metric)}"] if metric and len(panels) > 1 and panels[1].lines else []
    )
    title = f"{names[run.checkpoint]}: {', '.join(told)}"
    legend = tuple((metric_title(name), hue + at) for at, name in enumerate(shown))
    dashed = ". Dashed: loss on dev" if scores_of(run, LOSS) else ""
    axis = "step" if run.curve else "epoch"
    kept = run.best_step if run.curve else None
    yield Figure(
        title + dashed,
        curves(panels, axis, kept),
        f"Line chart by {axis} of {title}",
        legend if len(legend) > 1 else (),
    )


def _by_step(run: TrainingRecord, hue: int) -> Iterator[Panel]:
    loss = tuple((point.step, point.loss) for point in run.curve)
    dev = scores_of(run, LOSS)
    yield Panel("loss", (Line(hue, loss), *((Line(hue, dev, dashed=True),) if dev else ())))
    lines = [Line(hue + at, scores_of(run, name)) for at, name in enumerate(metrics_of(run))]
    in_points = tuple(line for line in lines if _is_in_points(line))
    if in_points:
        yield Panel("dev", in_points)
    yield from (Panel("dev", (line,), 0.6) for line in lines if line not in in_points)
    rate = tuple((point.step, point.learning_rate) for point in run.curve)
    yield Panel("rate", (Line(hue, rate),), share=0.6)


def _is_in_points(line: Line) -> bool:
    """Whether a metric is from -100 to 100; a perplexity, say, would press all others flat."""
    return all(abs(value) <= 100 for _, value in line.points)


def _by_epoch(run: TrainingRecord, hue: int) -> Iterator[Panel]:
    """Of a record that has no curve."""
    yield Panel("loss", (Line(hue, tuple((one.epoch, one.loss) for one in run.epochs)),))
    dev = tuple((one.epoch, one.dev) for one in run.epochs if one.dev is not None)
    if dev:
        yield Panel("dev", (Line(hue, dev),))


def overlaid(runs: Sequence[TrainingRecord], names: Names) -> Iterator[Figure]:
    """For each metric on each dev file that several runs were measured by, one chart of them."""
    for measured in dict.fromkeys(map(measured_by, runs)):
        alike = [run for run in runs if measured_by(run) == measured and main_scores(run)]
        metric = measured[0]
        if metric is None or len(alike) < 2:
            continue
        sizes = [run.step_size for run in alike]
        by_examples = len(set(sizes)) > 1
        lines = (
            Line(
                hue := names.colour(run.checkpoint),
                tuple((s * (size if by_examples else 1), v) for s, v in main_scores(run)),
                dashed=hue >= COLOURS,
            )
            for run, size in zip(alike, sizes, strict=True)
        )
        axis = "examples seen" if by_examples else "step"
        title = f"Dev {metric_title(metric)} of {len(alike)} runs"
        yield Figure(
            title,
            curves([Panel("dev", tuple(lines), share=2)], axis),
            f"Line chart by {axis}: {title}",
            tuple((names[run.checkpoint], names.colour(run.checkpoint)) for run in alike),
        )


def curves(panels: Sequence[Panel], axis: str, kept: float | None = None) -> Markup:
    """Panels above one another over a common axis.

    Args:
        panels: from top to bottom.
        axis: what lies on it.
        kept: where on it a line through all of them marks the weights that were kept.
    """
    shares = [panel.share for panel in panels]
    with canvas(40 + 90 * sum(shares), len(panels), shares) as (drawing, rows):
        for axes, panel in zip(rows, panels, strict=True):
            for line in panel.lines:
                _draw(axes, line, kept)
            axes.set_ylabel(panel.label)
            axes.grid(axis="y", linewidth=0.6)
            axes.margins(y=0.15)
            axes.locator_params(axis="y", nbins=5 if panel.share >= 1 else 3)
            if panel.label == "rate":
                axes.yaxis.set_major_formatter(lambda value, _: power(value))
            if kept is not None:
                axes.axvline(kept, color=INK, linewidth=0.8, linestyle=":")
        if kept is not None:
            _name_kept(rows[0], kept)
        rows[-1].set_xlabel(axis)
        rows[-1].xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))
        rows[-1].xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        return to_svg(drawing)


def _draw(axes: Axes, line: Line, kept: float | None) -> None:
    xs, ys = [x for x, _ in line.points], [y for _, y in line.points]
    hue, style = colour(line.colour), "--" if line.dashed else "-"
    sparse = len(xs) <= _MANY
    dots = "o" if sparse else ""
    axes.plot(xs, ys, style, marker=dots, color=hue, markersize=3.5, linewidth=1.8)
    if kept in xs and sparse and not line.dashed:
        axes.plot([kept], [ys[xs.index(kept)]], "o", color=hue, markersize=6.5)


def _name_kept(axes: Axes, kept: float) -> None:
    """Say beside the line what it marks, on the side where there is room."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.15 * (top - bottom))
    low, high = axes.get_xlim()
    right = kept > (low + high) / 2
    axes.annotate(
        f"kept: {kept:,.0f}",
        (kept, 1),
        (-4 if right else 4, -2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        size=9,
    )
