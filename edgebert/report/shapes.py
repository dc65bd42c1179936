"""A bench record by shape: which bundle took how long at the same threads, batch and length."""

from __future__ import annotations

from typing import NamedTuple

from edgebert.records.timed import BenchBundle, BenchRecord, BenchResult
from edgebert.report.names import Names


class Shape(NamedTuple):
    threads: int
    batch: int
    length: int

    def __str__(self) -> str:
        return f"{counted(self.batch, 'text')} of {self.length} tokens, {self.on()}"

    def on(self) -> str:
        return counted(self.threads, "thread")


def shape_of(result: BenchResult) -> Shape:
    return Shape(result.threads, result.batch, result.length)


def by_shape(bench: BenchRecord) -> dict[Shape, dict[int, BenchResult]]:
    """For each shape the results by bundle, shapes in rising order."""
    table: dict[Shape, dict[int, BenchResult]] = {}
    for result in sorted(bench.results, key=shape_of):
        table.setdefault(shape_of(result), {})[result.bundle] = result
    return table


def baseline(bench: BenchRecord) -> int:
    """The bundle that others are compared with: the first fp32 one, else the first."""
    floats = (i for i, bundle in enumerate(bench.bundles) if bundle.precision == "fp32")
    return next(floats, 0)


def speedups(bench: BenchRecord, bundle: int) -> dict[Shape, float]:
    """How many times faster than the baseline, at the median, for every shape both ran."""
    base = baseline(bench)
    return {
        shape: found[base].p50_ms / found[bundle].p50_ms
        for shape, found in by_shape(bench).items()
        if base in found and bundle in found and found[bundle].p50_ms > 0
    }


def legend(bench: BenchRecord, names: Names) -> tuple[tuple[str, int], ...]:
    return tuple((title(b, names), names.colour(b.path)) for b in bench.bundles)


def title(bundle: BenchBundle, names: Names) -> str:
    """What a timed model is called; a checkpoint was run by PyTorch, a translator by some beams."""
    run = [bundle.provider] if bundle.provider == "PyTorch" else []
    run += [counted(bundle.beam, "beam")] if bundle.beam > 1 else []
    return f"{names[bundle.path]} ({', '.join(run)})" if run else names[bundle.path]


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
