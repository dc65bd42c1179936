"""Records of what was made: export, quantize, training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgebert.records.header import Header
from edgebert.records.manifest import Count, Drift, LayerDecision


@dataclass(frozen=True)
class ParityCase:
    """One batch on which the graph was compared with PyTorch; `max_abs` at unmasked positions."""

    name: str
    batch: int
    length: int
    max_abs: float
    min_cosine: float


@dataclass(frozen=True, kw_only=True)
class ExportRecord(Header):
    """A checkpoint became a float bundle. `passed` is false when parity or coverage failed."""

    record: str = "export"
    source: str
    bundle: str
    passed: bool
    task: str
    architecture: str
    max_length: int
    max_length_source: str
    size_bytes: int
    atol: float
    parity: tuple[ParityCase, ...]
    coverage: dict[str, Count]
    seconds: float
    failures: tuple[str, ...]


@dataclass(frozen=True)
class ParetoPoint:
    drift: float
    latency_ms: float | None
    scheme: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class QuantizeRecord(Header):
    """A float bundle became an int8 bundle, unless a gate said no (`passed` is false)."""

    record: str = "quantize"
    source: str
    bundle: str
    passed: bool
    scheme: str
    layers: tuple[LayerDecision, ...]
    pareto: tuple[ParetoPoint, ...]
    size_bytes: int
    source_size_bytes: int
    drift: Drift
    coverage: dict[str, Count]
    seconds: float
    thresholds: dict[str, float]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data. `loss` is the mean training loss; `dev` the dev metric."""

    epoch: int
    loss: float
    dev: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TrainingRecord(Header):
    """A checkpoint was trained. `metric` names what `dev` and `best_dev` are, in points.

    Attributes:
        data: the files it was trained and measured on.
        examples: how many examples it was trained on, after any limit.
        options: how it was trained.
    """

    record: str = "training"
    kind: str
    task: str
    source: str
    checkpoint: str
    parameters: int
    layers: int
    hidden: int
    data: tuple[str, ...]
    examples: int
    options: dict[str, Any]
    epochs: tuple[Epoch, ...]
    metric: str | None
    best_dev: float | None
    seed: int
    seconds: float
