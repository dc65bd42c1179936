"""What passed, and the figures that matter, before anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgebert.records.checked import CheckRecord
from edgebert.records.compared import DiffRecord
from edgebert.records.diagnosed import DoctorRecord
from edgebert.records.header import Header
from edgebert.records.live_drift import LiveDrift, LiveDriftRecord
from edgebert.records.made import ExportRecord, KernelsRecord, OptimizeRecord, QuantizeRecord
from edgebert.report.gates import failed_bounds, further_causes
from edgebert.report.names import Names
from edgebert.report.promises import broken_promises, promises_of
from edgebert.report.shapes import counted
from edgebert.report.tiles import Tile, tiles_of


@dataclass(frozen=True)
class Outcome:
    """What a record that could have said no did say.

    Attributes:
        gates: how many bounds were held; 0 where none was set.
        failures: a sentence for each bound that failed.
        causes: why, as far as it is known.
    """

    title: str
    passed: bool
    gates: int
    failures: tuple[str, ...]
    causes: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        return "–" if not self.gates else "✓" if self.passed else "✗"


@dataclass(frozen=True)
class Verdict:
    outcomes: tuple[Outcome, ...]
    tiles: tuple[Tile, ...]

    @property
    def passed(self) -> bool | None:
        """None where nothing was gated."""
        return all(o.passed for o in self.outcomes) if self._gates else None

    @property
    def headline(self) -> str:
        failed = sum(max(1, len(o.failures)) for o in self.outcomes if not o.passed)
        if not self._gates:
            return "Measured, not gated"
        if failed:
            return f"{failed} of {counted(self._gates, 'gate')} failed"
        return "The gate passed" if self._gates == 1 else f"All {self._gates} gates passed"

    @property
    def mark(self) -> str:
        return "" if self.passed is None else "✓ " if self.passed else "✗ "

    @property
    def _gates(self) -> int:
        return sum(outcome.gates for outcome in self.outcomes)


def verdict(records: Sequence[Header], names: Names) -> Verdict:
    """Judge the records, and pick the figures that matter."""
    outcomes = (outcome for record in records for outcome in _outcomes(record, names))
    return Verdict(tuple(outcomes), tiles_of(records, names))


def _outcomes(record: Header, names: Names) -> Iterator[Outcome]:
    match record:
        case CheckRecord():
            yield _check_outcome(record, names)
        case ExportRecord() | OptimizeRecord() | QuantizeRecord() | KernelsRecord():
            made = record.output if isinstance(record, OptimizeRecord) else record.bundle
            title = f"{record.record} {names[record.source]} → {names[made]}"
            yield Outcome(title, record.passed, max(1, len(record.failures)), record.failures)
        case DoctorRecord():
            title, failed = f"doctor {names[record.bundle]}", _doctor_failures(record)
            yield Outcome(title, record.passed, max(1, len(failed)), failed)
        case DiffRecord():
            title = f"{record.kind} {names[record.before]} → {names[record.after]}"
            held = len(record.regressions)
            yield Outcome(title, record.passed, held, record.failures)
        case LiveDriftRecord():
            yield from (_live_outcome(model) for model in record.models if promises_of(model))


def _live_outcome(model: LiveDrift) -> Outcome:
    failed = broken_promises(model)
    return Outcome(f"live {model.model}", not failed, promises_of(model), failed)


def _doctor_failures(record: DoctorRecord) -> tuple[str, ...]:
    return tuple(f"{check.name}: {check.found}" for check in record.checks if not check.passed)


def _check_outcome(check: CheckRecord, names: Names) -> Outcome:
    """The failed bounds in words; causes are told only where something failed."""
    title, failures = f"check {names.compared(check)}", failed_bounds(check)
    gates = max(len(check.gates), len(check.thresholds), len(failures), not check.passed)
    causes = tuple(f"{cause.name}: {cause.detail}" for cause in further_causes(check))
    return Outcome(title, check.passed, gates, failures, () if check.passed else causes)
