"""Two bench records: how many times slower after than before.

Times are medians (p50) of the same call: one bundle, at the same threads, batch and length.
`max_slowdown` is held, for each bundle and number of threads, against two figures:

- the geometric mean of the ratios of all calls, in which the noise of single calls evens out;
- the worst call, where the bound is widened by the spread of its rounds, before and after, so
  that one call may not get much slower behind the others, and noise alone does not fail it. It
  is looked at only where the mean holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import PurePath
from statistics import geometric_mean
from typing import NamedTuple

from edgebert.errors import InputError
from edgebert.machine import Machine
from edgebert.measures.formats import percent
from edgebert.records.compared import Change, Regression
from edgebert.records.timed import BenchBundle, BenchRecord
from edgebert.report.shapes import counted, shape_of

Diff = tuple[list[Change], list[Regression], list[str]]

_OF_TOKENS = ("first_token_ms", "token_ms")
_ONCE = ("size_bytes", "load_ms", "first_inference_ms", "peak_rss_mb")


class _Call(NamedTuple):
    threads: int
    what: str


class _Time(NamedTuple):
    p50_ms: float
    spread: float


class _Ratio(NamedTuple):
    call: _Call
    before: _Time
    after: _Time

    @property
    def value(self) -> float:
        return self.after.p50_ms / self.before.p50_ms


def diff_bench(before: BenchRecord, after: BenchRecord, max_slowdown: float | None) -> Diff:
    """Compare all that both timed.

    Raises:
        InputError: they come from different machines, have different beams, or no call in common.
    """
    _require_same_machine(before.machine, after.machine)
    changes: list[Change] = []
    regressions: list[Regression] = []
    notes = [*_notes(before, after)]
    for first, second in _pairs(before, after):
        name = _name(before.bundles[first], after.bundles[second])
        _require_same_beam(name, before.bundles[first], after.bundles[second])
        ratios, missing = _ratios(before, after, first, second)
        notes += [f"{name}: only one record has {what}" for what in missing]
        changes += _once(name, before.bundles[first], after.bundles[second])
        changes += [_change(f"{name}, {r.call.what}", "p50_ms", *_p50s(r)) for r in ratios]
        changes += _written(name, before, after, first, second)
        if max_slowdown is not None:
            regressions += _regressions(name, ratios, max_slowdown)
    if not any(change.figure == "p50_ms" for change in changes):
        raise InputError("the two bench records have no bundle and shape in common")
    return changes, regressions, notes


def _require_same_machine(before: Machine, after: Machine) -> None:
    for what in ("cpu", "features", "cores", "system"):
        one, other = getattr(before, what), getattr(after, what)
        if one != other:
            shown = [" ".join(v) if isinstance(v, tuple) else str(v) for v in (one, other)]
            raise InputError(
                f"times of different machines do not compare: {what} {shown[0]} before, "
                f"{shown[1]} after. Measure both on one machine"
            )


def _require_same_beam(name: str, before: BenchBundle, after: BenchBundle) -> None:
    if before.beam != after.beam:
        raise InputError(
            f"times of different beams do not compare: {name} was timed with --beam {before.beam} "
            f"before, {after.beam} after. Measure both with the same"
        )


def _notes(before: BenchRecord, after: BenchRecord) -> Iterator[str]:
    for when, bench in ("before", before), ("after", after):
        if bench.noise.noisy:
            yield (
                f"The machine was noisy {when} the change (medians of the rounds differ by up to "
                f"{percent(bench.noise.round_spread)}): a bound may hold or fail by chance."
            )
    old, new = before.machine.versions, after.machine.versions
    for package in sorted(old.keys() | new.keys()):
        if old.get(package) != new.get(package):
            yield f"{package} was {old.get(package, 'absent')}, is {new.get(package, 'absent')}."
    unpaired = abs(len(before.bundles) - len(after.bundles))
    if unpaired:
        has = "has" if unpaired == 1 else "have"
        yield f"{counted(unpaired, 'bundle')} of one record {has} no partner in the other."


def _pairs(before: BenchRecord, after: BenchRecord) -> list[tuple[int, int]]:
    """Bundles of the same path, then of the same name, then the rest in their order."""
    alike: tuple[Callable[[BenchBundle, BenchBundle], bool], ...] = (
        lambda one, other: one.path == other.path,
        lambda one, other: PurePath(one.path).name == PurePath(other.path).name,
        lambda one, other: True,
    )
    pairs: dict[int, int] = {}
    for same in alike:
        for i, one in enumerate(before.bundles):
            free = [j for j in range(len(after.bundles)) if j not in pairs.values()]
            match = [j for j in free if same(one, after.bundles[j])]
            if i not in pairs and match:
                pairs[i] = match[0]
    return sorted(pairs.items())


def _name(before: BenchBundle, after: BenchBundle) -> str:
    one, other = PurePath(before.path).name, PurePath(after.path).name
    return one if one == other else f"{one} → {other}"


def _ratios(
    before: BenchRecord, after: BenchRecord, first: int, second: int
) -> tuple[list[_Ratio], list[str]]:
    """The calls that both timed, fewest threads first; and what only one of them timed."""
    old, new = _times(before, first), _times(after, second)
    shared = [_Ratio(call, old[call], new[call]) for call in old if call in new]
    missing = [call.what for call in [*old, *new] if (call in old) != (call in new)]
    return sorted(shared, key=lambda ratio: ratio.call.threads), missing


def _times(bench: BenchRecord, bundle: int) -> dict[_Call, _Time]:
    times, general = {}, bench.noise.round_spread
    for r in bench.results:
        if r.bundle == bundle and r.p50_ms > 0:
            call = _Call(r.threads, str(shape_of(r)))
            times[call] = _Time(r.p50_ms, general if r.spread is None else r.spread)
    if texts := bench.texts:
        for t in texts.results:
            if t.bundle == bundle and t.p50_ms > 0:
                what = f"{texts.n:,} texts of {texts.file}, {counted(t.threads, 'thread')}"
                times[_Call(t.threads, what)] = _Time(t.p50_ms, t.spread)
    return times


def _once(name: str, before: BenchBundle, after: BenchBundle) -> Iterator[Change]:
    for figure in _ONCE:
        one, other = getattr(before, figure), getattr(after, figure)
        if one and other is not None:
            yield _change(name, figure, one, other)


def _written(
    name: str, before: BenchRecord, after: BenchRecord, first: int, second: int
) -> Iterator[Change]:
    """What both timed of a translator's tokens; no bound is on it, for it is a part of the call."""
    results = {shape_of(r): r for r in after.results if r.bundle == second}
    for old in before.results:
        new = results.get(shape_of(old)) if old.bundle == first else None
        for figure in _OF_TOKENS:
            one, other = getattr(old, figure), getattr(new, figure, None)
            if one and other is not None:
                yield _change(f"{name}, {shape_of(old)}", figure, one, other)


def _p50s(ratio: _Ratio) -> tuple[float, float]:
    return ratio.before.p50_ms, ratio.after.p50_ms


def _change(subject: str, figure: str, before: float, after: float) -> Change:
    return Change(subject, figure, before, after, after - before, after / before)


def _regressions(name: str, ratios: list[_Ratio], bound: float) -> Iterator[Regression]:
    for threads, group in groupby(ratios, key=lambda ratio: ratio.call.threads):
        calls = list(group)
        mean = geometric_mean(ratio.value for ratio in calls)
        over = (
            f"{counted(threads, 'thread')}, time after / before over {counted(len(calls), 'call')}"
        )
        yield _held(f"{name}, {over}", bound, mean)
        if len(calls) > 1 and mean <= bound:
            worst = max(calls, key=lambda ratio: ratio.value / _allowance(ratio))
            what = f"{name}, {worst.call.what}, time after / before"
            yield _held(what, bound * _allowance(worst), worst.value)


def _allowance(ratio: _Ratio) -> float:
    return 1 + ratio.before.spread + ratio.after.spread


def _held(subject: str, bound: float, value: float) -> Regression:
    return Regression("max_slowdown", subject, bound, value, passed=value <= bound)
