"""The figures that matter: how small, how fast, how far off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from edgebert.measures.formats import drift, metric_title, percent, points
from edgebert.records.checked import CheckRecord
from edgebert.records.header import Header
from edgebert.records.made import QuantizeRecord
from edgebert.records.timed import BenchRecord
from edgebert.records.trained import TrainingRecord
from edgebert.report.formats import duration, figures, megabytes, times
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.shapes import baseline, by_shape, counted, speedups
from edgebert.report.training.runs import kept_score, measured_by


@dataclass(frozen=True)
class Tile:
    title: str
    value: str
    note: str


def tiles_of(records: Sequence[Header], names: Names) -> tuple[Tile, ...]:
    return (
        *_size_tiles(records, names),
        *_speed_tiles(records, names),
        *(tile for check in of_kind(records, CheckRecord) for tile in _check_tiles(check, names)),
        *_training_tiles(of_kind(records, TrainingRecord), names),
    )


def _size_tiles(records: Sequence[Header], names: Names) -> list[Tile]:
    """A tile for each bundle made smaller; from bench records where no quantize record is given."""
    made = of_kind(records, QuantizeRecord)
    sizes = [(r.source, r.source_size_bytes, r.bundle, r.size_bytes) for r in made]
    if not made:
        for bench in of_kind(records, BenchRecord):
            base = bench.bundles[baseline(bench)] if bench.bundles else None
            sizes += [
                (base.path, base.size_bytes, b.path, b.size_bytes)
                for b in bench.bundles
                if base and b.size_bytes < base.size_bytes
            ]
    return [
        Tile(
            f"Size of {names[path]}",
            megabytes(size),
            f"{times(before / max(size, 1))} smaller than {names[source]} ({megabytes(before)})",
        )
        for source, before, path, size in dict.fromkeys(sizes)
    ]


def _speed_tiles(records: Sequence[Header], names: Names) -> list[Tile]:
    tiles = []
    for bench in of_kind(records, BenchRecord):
        for index in range(len(bench.bundles)):
            if index != baseline(bench) and speedups(bench, index):
                tiles.append(_speed_tile(bench, index, names))
    return tiles


def _speed_tile(bench: BenchRecord, index: int, names: Names) -> Tile:
    ratios, base = speedups(bench, index), baseline(bench)
    middle = median(ratios.values())
    value = f"{times(middle)} faster" if middle >= 1 else f"{times(1 / middle)} slower"
    shape = min(ratios, key=lambda shape: (shape.batch, -shape.threads, shape.length))
    found = by_shape(bench)[shape]
    note = (
        f"than {names[bench.bundles[base].path]} at the median of {counted(len(ratios), 'shape')} "
        f"({times(min(ratios.values()))} to {times(max(ratios.values()))}); {shape}: "
        f"{figures(found[base].p50_ms)} → {figures(found[index].p50_ms)} ms"
    )
    unsure = ". The machine was noisy" if bench.noise.noisy else ""
    return Tile(f"Speed of {names[bench.bundles[index].path]}", value, note + unsure)


def _check_tiles(check: CheckRecord, names: Names) -> list[Tile]:
    """The metric where labels were given, and how far the answers moved without them."""
    sides, tiles = names.compared(check), []
    if metric := check.metric:
        interval = f", 95 % interval {_span(metric.ci95)}" if metric.ci95 else ""
        drop = points(metric.drop, signed=True)
        note = f"from {points(metric.reference)}, drop {drop}{interval}; {sides}"
        tiles.append(Tile(metric_title(metric.name), points(metric.candidate), note))
    if flips := check.labels:
        note = f"{flips.flips:,} of {flips.n:,}; {sides}"
        tiles.append(Tile(f"Changed {flips.of}", percent(flips.rate), note))
    else:
        note = f"mean distance over {check.n:,} texts; {sides}"
        tiles.append(Tile("Drift", drift(check.distance_mean), note))
    return tiles


def _training_tiles(runs: Sequence[TrainingRecord], names: Names) -> Iterator[Tile]:
    """The best run by each metric on each dev file."""
    for measured in dict.fromkeys(map(measured_by, runs)):
        alike = [run for run in runs if measured_by(run) == measured]
        scores = [(s, run) for run in alike if (s := kept_score(run)) is not None]
        if scores and (metric := measured[0]):
            score, best = max(scores, key=lambda found: found[0])
            among = f", the best of {len(scores)} runs" if len(scores) > 1 else ""
            note = f"{names[best.checkpoint]} on dev{among}; {duration(best.seconds)} of training"
            yield Tile(metric_title(metric), points(score), note)


def _span(bounds: tuple[float, float]) -> str:
    return " to ".join(points(bound, signed=True) for bound in bounds)
