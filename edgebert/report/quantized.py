"""How a bundle was quantized: drift, the schemes that were tried, and which layers feel it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from edgebert.measures.formats import MISSING, drift, percent
from edgebert.records.header import Header
from edgebert.records.made import MIXTURE, ParetoPoint, QuantizeRecord
from edgebert.records.manifest import LayerDecision
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Point, Series, ranked, scatter
from edgebert.report.formats import duration, figures
from edgebert.report.names import Names
from edgebert.report.read import of_kind

_LAYERS = 20  # bars of a chart; the table below it has all layers
_LABELS = 8  # names in a chart
_LONGEST = 26  # characters of a layer's name beside its bar
_NOTE = "Drift from the float bundle, measured before the int8 bundle was written."


def quantization(records: Sequence[Header], names: Names) -> Section | None:
    made = of_kind(records, QuantizeRecord)
    if not made:
        return None
    return Section(
        "Quantization",
        _NOTE,
        figures=tuple(f for q in made for f in (*_pareto(q, names), *_sensitivity(q, names))),
        tables=(
            _table(made, names),
            *_in_web(made, names),
            *(table for q in made for table in (*_tried(q, names), *_layers(q, names))),
        ),
    )


def _table(made: Sequence[QuantizeRecord], names: Names) -> Table:
    header = ("bundle", "scheme", "weights", "texts", "mean", "p99", "max", "changed labels")
    rows = [
        (
            names[q.bundle],
            q.scheme,
            _decisions(q),
            f"{q.drift.n:,}",
            *map(drift, (q.drift.mean, q.drift.p99, q.drift.max)),
            percent(q.drift.flips) if q.drift.flips is not None else MISSING,
            duration(q.seconds),
        )
        for q in made
    ]
    return Table((*header, "time"), tuple(rows))


def _in_web(made: Sequence[QuantizeRecord], names: Names) -> Iterator[Table]:
    """What was measured in WebAssembly of bundles that are for it; drift above is the CPU's."""
    header = (
        "bundle",
        "onnxruntime-web",
        "texts",
        "mean",
        "p99",
        "max",
        "changed labels",
        "ms",
        "floats, ms",
    )
    rows = tuple(
        (
            names[q.bundle],
            q.web.onnxruntime_web,
            f"{q.web.drift.n:,}",
            *map(drift, (q.web.drift.mean, q.web.drift.p99, q.web.drift.max)),
            percent(q.web.drift.flips) if q.web.drift.flips is not None else MISSING,
            figures(q.web.chosen.p50_ms) if q.web.chosen else MISSING,
            figures(q.web.float_p50_ms) if q.web.float_p50_ms else MISSING,
        )
        for q in made
        if q.web
    )
    if rows:
        yield Table(header, rows, "In WebAssembly, on one thread")


def _decisions(record: QuantizeRecord) -> str:
    counts = Counter(layer.decision for layer in record.layers).most_common()
    return ", ".join(f"{count:,} {decision}" for decision, count in counts)


def _tried(record: QuantizeRecord, names: Names) -> Iterator[Table]:
    if len(record.pareto) > 1:
        rows = tuple(
            (p.scheme, drift(p.drift), figures(p.latency_ms) if p.latency_ms else MISSING, _mark(p))
            for p in sorted(record.pareto, key=lambda p: p.drift)
        )
        caption = f"What was tried for {names[record.bundle]}"
        yield Table(("scheme", "drift", "ms", ""), rows, caption, folded=True)


def _mark(point: ParetoPoint) -> str:
    return "✓ chosen" if point.chosen else ""


def _pareto(record: QuantizeRecord, names: Names) -> Iterator[Figure]:
    """Drift against latency of all that was timed; a lone point makes no chart."""
    timed = [p for p in record.pareto if p.latency_ms and p.drift > 0]
    if len(timed) < 2:
        return
    labels = _labels(timed)
    points = [Point(p.drift, p.latency_ms or 0, labels.get(p.scheme, ""), p.chosen) for p in timed]
    yield Figure(
        f"{names[record.bundle]}: drift against latency",
        scatter(points, _front(points), "drift, logarithmic; less is better", "ms"),
        f"Scatter chart of {len(points)} schemes by drift and latency; the chosen one is ringed",
    )


def _labels(points: Sequence[ParetoPoint]) -> dict[str, str]:
    """Schemes by name where the name is one point's alone and there is room; always the chosen.

    A search numbers its mixtures; only the schemes among them bear a name.
    """
    counts = Counter(point.scheme for point in points)
    named = {
        p.scheme: p.scheme
        for p in points
        if counts[p.scheme] == 1 and len(p.scheme) <= 16 and not p.scheme.startswith(MIXTURE)
    }
    chosen = {point.scheme: "chosen" for point in points if point.chosen}
    shown = {name: f"{name}, chosen" if name in chosen else name for name in named}
    return chosen | (shown if len(named) <= _LABELS else {})


def _front(points: Sequence[Point]) -> list[Point]:
    """The points that no other one beats in both drift and latency."""
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.x, point.y)):
        if not front or point.y < front[-1].y:
            front.append(point)
    return front


def _sensitive(record: QuantizeRecord) -> list[tuple[LayerDecision, float]]:
    """Layers whose sensitivity was measured, the most sensitive first."""
    found = [(at, at.sensitivity) for at in record.layers if at.sensitivity is not None]
    return sorted(found, key=lambda item: -item[1])


def _sensitivity(record: QuantizeRecord, names: Names) -> Iterator[Figure]:
    """The layers that feel quantization most, a colour for each decision."""
    shown = _sensitive(record)[:_LAYERS]
    if not shown:
        return
    decisions = list(dict.fromkeys(layer.decision for layer in record.layers))
    rows = [
        (_short(layer.name), Series(decisions.index(layer.decision), (value,), (drift(value),)))
        for layer, value in shown
    ]
    yield Figure(
        f"{names[record.bundle]}: sensitivity of its layers",
        ranked(rows, "sensitivity, less is better"),
        f"Bar chart of the sensitivity of {len(shown)} layers, the most sensitive first",
        tuple((decision, colour) for colour, decision in enumerate(decisions)),
    )


def _layers(record: QuantizeRecord, names: Names) -> Iterator[Table]:
    if found := _sensitive(record):
        rows = tuple((layer.name, drift(value), layer.decision) for layer, value in found)
        caption = f"All layers of {names[record.bundle]} by sensitivity"
        yield Table(("layer", "sensitivity", "decision"), rows, caption, folded=True)


def _short(name: str) -> str:
    """`encoder.layer.3.attention.self.query` as `3 attention.query`; other names by their end."""
    numbered = re.search(r"(?:^|[./])(\d+)[./](.+)", name)
    short = f"{numbered[1]} {numbered[2].replace('.self.', '.')}" if numbered else name
    short = short.replace("{query,key,value}", "qkv")
    return short if len(short) <= _LONGEST else f"…{short[1 - _LONGEST :]}"
