"""Which labels a classifier takes for which, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.patches import Rectangle

from edgebert.records.trained import Confusion, TrainingRecord
from edgebert.report.blocks import Figure
from edgebert.report.drawing import canvas, colour, drawable, to_svg
from edgebert.report.names import Names
from edgebert.report.training.tables import OTHERS

_RIGHT, _WRONG = 0, 1  # colours
_LONGEST = 18  # characters of a label
_WIDE = 220  # points that the matrix has on the canvas, about


def confusion(run: TrainingRecord, names: Names) -> Figure | None:
    found = run.mistakes.confusions if run.mistakes else ()
    labels = _labels(found)
    if not found or len(labels) < 2:
        return None
    most = f", the {len(labels) - 1} most confused labels" if None in labels else ""
    title = f"{names[run.checkpoint]}: labels (down) and what was answered (across){most}"
    legend = (("right", _RIGHT), ("wrong", _WRONG))
    return Figure(title, matrix(found, labels), f"Confusion matrix of {title}", legend)


def _labels(found: Sequence[Confusion]) -> list[str | None]:
    """Those that occur on either side, in the record's order; the others last."""
    names = dict.fromkeys(name for one in found for name in (one.gold, one.found))
    return sorted(names, key=lambda name: name is None)


def matrix(found: Sequence[Confusion], labels: Sequence[str | None]) -> Markup:
    """A square for each pair of labels, the darker the larger its share of the row."""
    size = len(labels)
    cell = min(34.0, _WIDE / size)
    at = {name: number for number, name in enumerate(labels)}
    totals = [sum(one.count for one in found if one.gold == name) for name in labels]
    written = [_short(OTHERS if name is None else name) for name in labels]
    room = 6 * max(map(len, written)) if size > 4 or max(map(len, written)) > 6 else 12
    with canvas(20 + cell * size + room) as (drawing, (axes,)):
        for one in found:
            row, column = at[one.gold], at[one.found]
            hue = colour(_RIGHT if row == column else _WRONG)
            share = one.count / totals[row]
            axes.add_patch(
                Rectangle((column, row), 1, 1, color=hue, alpha=0.1 + 0.45 * share, linewidth=0)
            )
            text, middle = f"{one.count:,}", (column + 0.5, row + 0.5)
            fits = min(10.0, 1.5 * cell / max(2, len(text)))
            axes.annotate(text, middle, ha="center", va="center", size=fits)
        axes.set_xlim(0, size)
        axes.set_ylim(size, 0)
        axes.set_aspect("equal")
        middles = [number + 0.5 for number in range(size)]
        small = min(10.0, 0.85 * cell)
        axes.set_yticks(middles, written, size=small)
        axes.set_xticks(middles, written, size=small, rotation=90 if room > 12 else 0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        return to_svg(drawing)


def _short(label: str) -> str:
    name = drawable(label)
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
