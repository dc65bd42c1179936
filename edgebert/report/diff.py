"""A record made before a change against one made after it: what moved, and is it too much."""

from __future__ import annotations

import math
from pathlib import Path

from edgebert.errors import GateError, InputError
from edgebert.records.checked import CheckRecord
from edgebert.records.compared import DiffRecord, Regression
from edgebert.records.header import Header
from edgebert.records.made import QuantizeRecord
from edgebert.records.timed import BenchRecord
from edgebert.report.diff_bench import diff_bench
from edgebert.report.diff_drift import diff_check, diff_quantize
from edgebert.report.read import read_record

_KINDS = "two bench, two check or two quantize records"


def diff_records(before: Path, after: Path, bounds: dict[str, float] | None = None) -> DiffRecord:
    """Compare two bench, two check or two quantize records.

    Args:
        before: JSON file of the record to compare with.
        after: JSON file of the record that is judged.
        bounds: for bench records `max_slowdown`, the largest time after over time before (see
            `edgebert.report.diff_bench` for what it is held against); for the others
            `max_drift_increase`, how much the mean distance may grow.

    Raises:
        GateError: a bound is broken. `error.record` is the `DiffRecord` that says which.
        InputError: a file is no such record, the two do not compare, or a bound does not fit.
    """
    given = bounds or {}
    first, second = read_record(before), read_record(after)
    _require_fitting(given, first, second, before, after)
    increase = given.get("max_drift_increase")
    match first, second:
        case BenchRecord(), BenchRecord():
            changes, regressions, notes = diff_bench(first, second, given.get("max_slowdown"))
        case CheckRecord(), CheckRecord():
            changes, regressions, notes = diff_check(first, second, increase)
        case QuantizeRecord(), QuantizeRecord():
            changes, regressions, notes = diff_quantize(first, second, increase)
        case _:
            raise InputError(f"two {first.record} records cannot be compared; {_KINDS} can")
    failures = tuple(_sentence(held) for held in regressions if not held.passed)
    record = DiffRecord(
        kind=first.record,
        before=str(before),
        after=str(after),
        passed=not failures,
        changes=tuple(changes),
        regressions=tuple(regressions),
        thresholds=given,
        notes=tuple(notes),
        failures=failures,
    )
    if failures:
        raise GateError("\n".join(failures), record)
    return record


def _require_fitting(
    given: dict[str, float], first: Header, second: Header, before: Path, after: Path
) -> None:
    if first.record != second.record:
        raise InputError(
            f"{before} is a {first.record} record and {after} a {second.record} record; {_KINDS} "
            "can be compared"
        )
    fitting = "max_slowdown" if first.record == "bench" else "max_drift_increase"
    for name, bound in given.items():
        option = f"--{name.replace('_', '-')}"
        if name != fitting:
            raise InputError(f"{option} cannot be held: {before} is a {first.record} record")
        if not math.isfinite(bound) or bound < 0:
            raise InputError(f"{option} {bound:g} makes no sense: a number from 0 is needed")


def _sentence(held: Regression) -> str:
    value, bound = f"{held.value:.4g}", f"{held.bound:.4g}"
    if value == bound:
        value = f"{held.value:.8g}"
    return f"{held.subject}: {value} is above the bound of {bound} ({held.name})"
