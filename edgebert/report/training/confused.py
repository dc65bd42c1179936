"""Which labels a classifier takes for which, as a matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from edgebert.records.trained import Confusion, TrainingRecord
from edgebert.report.blocks import Figure
from edgebert.report.drawing import canvas, colour, drawable, to_svg
from edgebert.report.names import Names
from edgebert.report.training.tables import OTHERS

_RIGHT, _WRONG = 0, 1  # colours
_LONGEST = 18  # characters of a label


def confusion(run: TrainingRecord, names: Names) -> Figure | None:
    found = run.mistakes.confusions if run.mistakes else ()
    seen = {name for one in found for name in (one.gold, one.found)}
    if run.mistakes is None or len(seen) < 2:
        return None
    ordered = (*(one.label for one in run.mistakes.labels), None)
    labels = [name for name in ordered if name in seen]
    most = f", the {len(labels) - 1} most confused labels" if None in labels else ""
    title = f"{names[run.checkpoint]}: labels (down) and what was answered (across){most}"
    legend = (("right", _RIGHT), ("wrong", _WRONG))
    return Figure(title, matrix(found, labels), f"Confusion matrix of {title}", legend)


def matrix(found: Sequence[Confusion], labels: Sequence[str | None]) -> Markup:
    """A square for each pair of labels, the darker the larger its share of the row.

    Args:
        found: how often each pair occurred.
        labels: from top to bottom, and from left to right.
    """
    written = [_short(OTHERS if name is None else name) for name in labels]
    longest = max(map(len, written))
    size = min(10.0, 200 / len(labels))  # of the names, in points
    cell = min(36.0, (290 - 0.55 * size * longest) / len(labels))
    upright = longest * 0.6 * size > cell
    below = 0.6 * size * longest if upright else 14
    with canvas(16 + cell * len(labels) + below) as (drawing, (axes,)):
        _draw_cells(axes, found, labels, cell)
        middles = [number + 0.5 for number in range(len(labels))]
        axes.set_yticks(middles, written, size=size)
        axes.set_xticks(middles, written, size=size, rotation=90 if upright else 0)
        axes.set_xlim(0, len(labels))
        axes.set_ylim(len(labels), 0)
        axes.set_aspect("equal")
        for side in ("top", "right"):
            axes.spines[side].set_visible(True)
        return to_svg(drawing)


def _draw_cells(
    axes: Axes, found: Sequence[Confusion], labels: Sequence[str | None], cell: float
) -> None:
    at = {name: number for number, name in enumerate(labels)}
    totals = Counter[str | None]()
    for one in found:
        totals[one.gold] += one.count
    for one in found:
        row, column = at[one.gold], at[one.found]
        hue, share = colour(_RIGHT if row == column else _WRONG), one.count / totals[one.gold]
        square = Rectangle((column, row), 1, 1, color=hue, alpha=0.1 + 0.45 * share, linewidth=0)
        axes.add_patch(square)
        text = f"{one.count:,}"
        size = min(10.0, 1.5 * cell / max(2, len(text)))
        axes.annotate(text, (column + 0.5, row + 0.5), ha="center", va="center", size=size)


def _short(label: str) -> str:
    name = drawable(label)
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
