"""The record of two records of one kind, the first made before a change, the second after it."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.header import Header


@dataclass(frozen=True)
class Change:
    """One figure before and after.

    Attributes:
        subject: what was measured: a bundle, a bundle at a shape, or the two sides of a check.
        figure: its name in the record it comes from, e.g. "p50_ms".
        difference: after less before.
        ratio: after over before; None where that says nothing.
    """

    subject: str
    figure: str
    before: float
    after: float
    difference: float
    ratio: float | None


@dataclass(frozen=True)
class Regression:
    """A bound on a change. `name` is the option's, e.g. "max_slowdown"; `subject` what it holds."""

    name: str
    subject: str
    bound: float
    value: float
    passed: bool


@dataclass(frozen=True, kw_only=True)
class DiffRecord(Header):
    """What changed from one record to another.

    Attributes:
        kind: of both records: bench, check or quantize.
        before, after: the files they came from.
        thresholds: the bounds that were given.
        notes: what a reader should know before trusting the figures.
        failures: one sentence for each regression that did not pass.
    """

    record: str = "diff"
    kind: str
    before: str
    after: str
    passed: bool
    changes: tuple[Change, ...]
    regressions: tuple[Regression, ...]
    thresholds: dict[str, float]
    notes: tuple[str, ...]
    failures: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return self.before, self.after
