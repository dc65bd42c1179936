"""Accuracy against latency and size as a picture of its own, for a README."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from markupsafe import Markup

from edgebert.errors import InputError
from edgebert.measures.formats import metric_title
from edgebert.output import new_file, refuse_existing
from edgebert.records.header import Header
from edgebert.report.drawing import canvas, drawable, label_x, to_file, to_svg
from edgebert.report.tradeoff.chart import draw_offers, key, label_models
from edgebert.report.tradeoff.joined import Tradeoff, tradeoffs
from edgebert.report.tradeoff.section import MB, said, time_axis

_HEIGHT = 430.0  # points, of both charts and the key


def write_picture(records: Sequence[Header], output: Path, *, force: bool = False) -> Path:
    """Write one SVG: accuracy against latency, and below it against size.

    It needs no other file, and follows the reader's choice of light or dark.

    Args:
        records: of any kinds; of several metrics the one that most bundles share is drawn.
        output: the file to write.
        force: replace `output` if it exists.

    Returns:
        `output`.

    Raises:
        InputError: fewer than two bundles have both a metric on the same texts and a latency.
        OutputError: `output` exists or cannot be written.
    """
    refuse_existing(output, force=force)
    found = tradeoffs(records)
    if not found:
        raise InputError(
            f"{output} needs two bundles with both a metric on the same labelled texts and a "
            "latency on one machine: give records of `edgebert check` and `edgebert bench`"
        )
    picture = to_file(_draw(found[0]), _colours(), f"{said(found[0])}, and size in MB")
    with new_file(output, force=force) as beside:
        beside.write_text(picture, encoding="utf-8")
    return output


def _draw(one: Tradeoff) -> Markup:
    title = metric_title(one.metric)
    panels = [
        ([offer.ms for offer in one.offers], time_axis(one)),
        ([offer.megabytes for offer in one.offers], MB),
    ]
    with canvas(_HEIGHT, 2, one_axis=False) as (drawing, both):
        drawing.set_layout_engine("constrained", w_pad=0.12, h_pad=0.1)
        for axes, (costs, axis) in zip(both, panels, strict=True):
            draw_offers(axes, one.offers, costs)
            axes.set_ylabel(f"{title}, {drawable(one.data)}")
            label_x(axes, axis)
        drawing.legend(
            handles=key(one.offers),
            loc="outside upper left",
            ncols=len(key(one.offers)),
            frameon=False,
            handletextpad=0.1,
        )
        drawing.draw_without_rendering()
        for axes, (costs, _) in zip(both, panels, strict=True):
            label_models(axes, one.offers, costs)
        return to_svg(drawing)


def _colours() -> str:
    """The variables of the page's style sheet, which stand before all else."""
    sheet = resources.files("edgebert.report").joinpath("page.css").read_text(encoding="utf-8")
    return sheet[: sheet.index("* {")]
