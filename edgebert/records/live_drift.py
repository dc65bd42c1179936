"""The record of live drift: how far served bundles are from their references, on what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.checked import Histogram
from edgebert.records.header import Header


@dataclass(frozen=True)
class GoldenState:
    """How the golden texts of a bundle came out when they were run last.

    Attributes:
        passed: whether all came out as promised.
        texts: how many there are; `failed` of them came out otherwise.
        checked: when, in UTC.
    """

    passed: bool
    texts: int
    failed: int
    checked: str


@dataclass(frozen=True)
class LivePromise:
    """What is promised of the answers, beside what is measured of the newest of them.

    Attributes:
        name: of the bound, `max_drift` or `max_flips`.
        bound: what is promised at most.
        source: who promises: "manifest", or "default" where that says nothing.
        value: what was measured.
        at_least: what it is almost certainly above (see `edgebert.serving.drift.certainty`).
        texts: the newest ones, of which it is measured.
        beyond: whether the promise was broken, and is not kept again yet.
    """

    name: str
    bound: float
    source: str
    value: float
    at_least: float
    texts: int
    beyond: bool


@dataclass(frozen=True)
class LabelChange:
    """How often the reference gave one label, and the bundle another one."""

    reference: str
    live: str
    n: int


@dataclass(frozen=True)
class Period:
    """So many texts one after the other, from `began` on, in UTC."""

    began: str
    n: int
    distance_mean: float
    distance_max: float
    flips: int
    decisions: int


@dataclass(frozen=True)
class Compared:
    """What was measured on texts that both the bundle and its reference answered.

    Attributes:
        since: when the first of them was asked for, in UTC.
        n: texts.
        distance_mean, distance_max: of each text 1 - cosine for embeddings, the largest change of a
            probability or score for heads, 1 - F1 of the words for answers to questions.
        histogram: of these distances.
        flips: changed labels, or answers, of so many `decisions`; None where nothing is decided.
        changes: which labels became which, the most frequent first.
        promises: and whether they are kept.
        periods: the newest ones, the oldest of them first.
    """

    since: str
    n: int
    distance_mean: float
    distance_max: float
    histogram: Histogram
    flips: int | None
    decisions: int | None
    changes: tuple[LabelChange, ...]
    promises: tuple[LivePromise, ...]
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class LiveDrift:
    """A bundle that is served.

    Attributes:
        model: the name that it is served by.
        sha256, fingerprint: which bundle that is.
        reference: fingerprint of the reference; None where it has none.
        share: of the texts that are to be compared.
        skipped: texts that were to be compared and were not, because too many waited.
        failed: texts that the comparison could not read.
        trouble: why nothing is compared although there is a reference.
        compared: None before the first text.
        golden: None before the first run.
    """

    model: str
    sha256: str
    fingerprint: str
    task: str
    reference: str | None
    share: float
    skipped: int
    failed: int
    trouble: str | None
    compared: Compared | None
    golden: GoldenState | None

    @property
    def beyond(self) -> bool:
        """Whether a promise is broken."""
        return any(promise.beyond for promise in (self.compared.promises if self.compared else ()))


@dataclass(frozen=True, kw_only=True)
class LiveDriftRecord(Header):
    """How far each bundle of a server is from its reference. It holds no text.

    Attributes:
        models: the bundles, in the order in which they were named.
    """

    record: str = "live-drift"
    models: tuple[LiveDrift, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(model.model for model in self.models)
