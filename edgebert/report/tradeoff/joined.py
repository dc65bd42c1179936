"""Bundles that were both timed and held against labels, whichever records say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from edgebert.machine import Machine
from edgebert.records.checked import CheckRecord
from edgebert.records.fingerprint import Fingerprint
from edgebert.records.header import Header
from edgebert.records.timed import BenchBundle, BenchRecord
from edgebert.report.names import shortest_names
from edgebert.report.read import of_kind
from edgebert.report.shapes import Shape, shape_of


@dataclass(frozen=True)
class Offer:
    """One bundle: what it costs and what it gives.

    Attributes:
        path: of the bundle.
        source: of the weights it was made of, as its fingerprint says; one for each model.
        model: what the model is called, without the precision.
        precision: fp32, int8.
        points: the metric, from 0 to 100.
        ms: median of a call.
        size_bytes: on the device.
    """

    path: str
    source: str
    model: str
    precision: str
    points: float
    ms: float
    size_bytes: int

    @property
    def megabytes(self) -> float:
        return self.size_bytes / 1e6


@dataclass(frozen=True)
class Tradeoff:
    """Bundles by one metric on the same texts and by latency at one shape on the same machine."""

    metric: str
    data: str
    n: int
    shape: Shape
    machine: Machine
    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class _Timed:
    bundle: BenchBundle
    machine: Machine
    shapes: dict[Shape, float]


def tradeoffs(records: Sequence[Header]) -> list[Tradeoff]:
    """Every metric on the same texts that two bundles or more share, most bundles first.

    A check and a bench are of the same bundle when its fingerprint is: the same files, run by the
    same engine. Where they lie does not matter.
    """
    timed = _timed(records)
    found = []
    for checks in _by_question(of_kind(records, CheckRecord)):
        known = {maker: points for check in checks for maker, points in _answers(check)}
        both = {maker: timed[maker] for maker in known if maker in timed}
        if (one := _comparable(both)) and len(one[1]) > 1:
            shape, kept = one
            offers = _offers(kept, {maker: known[maker] for maker in kept}, shape)
            machine = next(iter(kept.values())).machine
            last = checks[-1]
            metric = last.metric.name if last.metric else ""
            data = PurePath(last.data).name
            found.append(Tradeoff(metric, data, last.n, shape, machine, offers))
    return sorted(found, key=lambda one: -len(one.offers))


def front(offers: Sequence[Offer], costs: Sequence[float]) -> list[bool]:
    """For each bundle whether no other is at least as good in both, and better in one."""
    return [
        not any(
            other.points >= one.points
            and theirs <= cost
            and (other.points, -theirs) != (one.points, -cost)
            for other, theirs in zip(offers, costs, strict=True)
        )
        for one, cost in zip(offers, costs, strict=True)
    ]


def _timed(records: Sequence[Header]) -> dict[Fingerprint, _Timed]:
    """Every bundle that was timed and says which it is; of two timings the last one given.

    A check has greedy translations, whose metric no beam gives.
    """
    found = {}
    for bench in of_kind(records, BenchRecord):
        for index, bundle in enumerate(bench.bundles):
            shapes = {shape_of(r): r.p50_ms for r in bench.results if r.bundle == index}
            if bundle.fingerprint and shapes and bundle.beam == 1:
                found[_identity(bundle.fingerprint)] = _Timed(bundle, bench.machine, shapes)
    return found


def _by_question(checks: Sequence[CheckRecord]) -> list[list[CheckRecord]]:
    """Checks that share a headline metric and the texts it was taken on."""
    groups: dict[tuple[str, str], list[CheckRecord]] = {}
    for check in checks:
        if check.metric and check.data_sha256:
            groups.setdefault((check.metric.name, check.data_sha256), []).append(check)
    return list(groups.values())


def _answers(check: CheckRecord) -> Iterator[tuple[Fingerprint, float]]:
    """Which bundle reached what in a check, for the sides that say which they are."""
    if check.metric:
        values = {"reference": check.metric.reference, "candidate": check.metric.candidate}
        for side, maker in check.made_by.items():
            if side in values:
                yield _identity(maker), values[side]


def _identity(fingerprint: str) -> Fingerprint:
    """The bundle and what runs it: options of a run, a prompt say, change no latency."""
    return replace(Fingerprint.read(fingerprint), options=())


def _comparable(
    timed: dict[Fingerprint, _Timed],
) -> tuple[Shape, dict[Fingerprint, _Timed]] | None:
    """The bundles that ran one shape on one machine: most of them, then the smallest shape."""
    groups: dict[tuple[str, str, int, Shape], dict[Fingerprint, _Timed]] = {}
    for maker, one in timed.items():
        for shape in one.shapes:
            key = (one.machine.cpu, one.machine.cpu_class, one.machine.cores, shape)
            groups.setdefault(key, {})[maker] = one
    best = min(groups, key=lambda key: (-len(groups[key]), _smallness(key[3])), default=None)
    return (best[3], groups[best]) if best else None


def _smallness(shape: Shape) -> tuple[int, int, int]:
    return shape.batch, shape.threads, shape.length


def _offers(
    timed: dict[Fingerprint, _Timed], points: dict[Fingerprint, float], shape: Shape
) -> tuple[Offer, ...]:
    models = _models(timed)
    offers = [
        Offer(
            one.bundle.path,
            maker.source,
            models[maker.source],
            one.bundle.precision,
            points[maker],
            one.shapes[shape],
            one.bundle.size_bytes,
        )
        for maker, one in timed.items()
    ]
    return tuple(sorted(offers, key=lambda offer: (-offer.points, offer.ms)))


def _models(timed: dict[Fingerprint, _Timed]) -> dict[str, str]:
    """What each model is called: the end of the path of its bundles that all of them share."""
    paths = {m.source: _unprecise(one.bundle) for m, one in reversed(timed.items())}
    short = shortest_names(paths.values())
    return {source: short[path] for source, path in paths.items()}


def _unprecise(bundle: BenchBundle) -> str:
    """The path without the precision at its end: out/teacher of out/teacher/int8."""
    path = str(PurePath(bundle.path))
    return re.sub(rf"[-_./\\]{re.escape(bundle.precision)}$", "", path) or path
