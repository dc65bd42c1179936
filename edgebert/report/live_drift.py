"""How far served bundles were from their references, on what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebert.measures.formats import MISSING, percent
from edgebert.measures.formats import drift as distance
from edgebert.records.header import Header
from edgebert.records.live_drift import Compared, LiveDrift, LiveDriftRecord, LivePromise
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, histogram
from edgebert.report.drift import drawable, in_words, occupied
from edgebert.report.formats import day
from edgebert.report.names import Names
from edgebert.report.read import of_kind

_MODELS = ("bundle", "texts", "mean distance", "worst", "changed labels", "skipped", "golden texts")
_PROMISES = ("bundle", "bound", "promised", "newest texts", "at least", "of texts", "")
_PERIODS = ("from", "texts", "mean distance", "worst", "changed labels")
_CHANGES = ("reference", "bundle", "texts")
_NOTE = (
    "A share of what was asked was answered once more by the float bundle. Promises are held by the "
    "newest texts: one is broken where the figure is almost certainly above it, by four standard "
    "errors."
)


def live_drift(records: Sequence[Header], names: Names) -> Section | None:
    models = [model for record in of_kind(records, LiveDriftRecord) for model in record.models]
    if not models:
        return None
    compared = [(model.model, model.compared) for model in models if model.compared]
    rows = tuple(row for name, found in compared for row in _promises(name, found.promises))
    return Section(
        "Live drift",
        _NOTE,
        warnings=tuple(f"{model.model}: {model.trouble}" for model in models if model.trouble),
        figures=tuple(_figures(compared)),
        tables=(
            Table(_MODELS, tuple(map(_row, models))),
            *((Table(_PROMISES, rows),) if rows else ()),
            *(table for name, found in compared for table in _details(name, found)),
        ),
    )


def _row(model: LiveDrift) -> tuple[str, ...]:
    found, golden = model.compared, model.golden
    flips = MISSING
    if found and found.flips is not None and found.decisions:
        flips = f"{found.flips:,} of {found.decisions:,}"
    came_out = f"{golden.texts - golden.failed} of {golden.texts}" if golden else MISSING
    return (
        model.model,
        f"{found.n:,}" if found else "0",
        distance(found.distance_mean) if found else MISSING,
        distance(found.distance_max) if found else MISSING,
        flips,
        f"{model.skipped:,}",
        came_out,
    )


def _promises(name: str, promises: Sequence[LivePromise]) -> Iterator[tuple[str, ...]]:
    for held in promises:
        told = percent if held.name == "max_flips" else distance
        figures = (told(held.bound), told(held.value), told(held.at_least))
        yield name, held.name, *figures, f"{held.texts:,}", _verdict(held)


def _verdict(held: LivePromise) -> str:
    if held.beyond:
        return "✗ broken"
    return "✓ kept" if held.value <= held.bound else "above, perhaps by chance"


def _figures(compared: Sequence[tuple[str, Compared]]) -> Iterator[Figure]:
    """A chart for each bundle, all over the same distances."""
    drawn = [
        (c, name, h) for c, (name, found) in enumerate(compared) if (h := drawable(found.histogram))
    ]
    bounds = [bound for _, _, shown in drawn for bound in occupied(shown)]
    for colour, name, shown in drawn:
        shares = tuple(100 * count / sum(shown.counts) for count in shown.counts)
        yield Figure(
            "Texts by distance",
            histogram(shown.edges, Series(colour, shares), (min(bounds), max(bounds))),
            in_words(shown),
            ((name, colour),),
        )


def _details(name: str, found: Compared) -> Iterator[Table]:
    if found.changes:
        rows = tuple((one.reference, one.live, f"{one.n:,}") for one in found.changes)
        yield Table(_CHANGES, rows, f"Labels that changed, {name}")
    yield Table(
        _PERIODS,
        tuple(
            (
                day(period.began),
                f"{period.n:,}",
                distance(period.distance_mean),
                distance(period.distance_max),
                f"{period.flips:,} of {period.decisions:,}" if period.decisions else MISSING,
            )
            for period in found.periods
        ),
        f"One hundred texts after the other, {name}",
        folded=True,
    )
