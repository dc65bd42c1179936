"""What a run leaves behind: one figure a model, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.records.header import Header


@dataclass(frozen=True)
class Trained:
    """A row's model.

    Attributes:
        where: it was trained and measured, on how many threads, and when.
        command: that trains it.
        dev: of the weights that were kept; None where no labels chose them.
        fp32, int8: the metric on the row's test file, of the checkpoint and of its int8 bundle.
        ci95: of the drop, by paired bootstrap.
        also: the metric of the checkpoint on other files.
        before: that of what it was trained from, on the row's test file; None where that is no
            model of the task.
        parts: further metrics of the checkpoint on the row's test file.
        size_mb: of the int8 bundle.
        p50_ms: one text of 128 tokens, or of as many as it takes, on one thread, int8; `start_p50_ms` that of the model it
            was made of, in turns with it. Timed when all rows are made, and nothing else is done.
        seconds: of training, on `precision`; steps done.
    """

    name: str
    where: str
    command: str
    metric: str
    goal: float | None
    allowed_drop: float
    anchor: str
    dev: float | None
    fp32: float
    int8: float
    ci95: tuple[float, float] | None
    also: dict[str, float]
    size_mb: float
    seconds: float
    steps: int
    precision: str
    seed: int
    p50_ms: float | None = None
    start_p50_ms: float | None = None
    before: float | None = None
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def drop(self) -> float:
        return self.fp32 - self.int8

    def missed(self) -> list[str]:
        """A sentence for each goal that was not reached."""
        told = []
        if self.goal is not None and self.fp32 < self.goal:
            told.append(f"{self.name}: {self.metric} {self.fp32:.2f}, less than {self.goal:.4g}")
        if self.drop > self.allowed_drop:
            told.append(f"{self.name}: int8 loses {self.drop:.2f}, more than {self.allowed_drop:g}")
        return told


@dataclass(frozen=True, kw_only=True)
class TrainingTable(Header):
    """All rows that were trained, of the model `start` or its siblings."""

    record: str = "bench-training"
    start: str
    rows: tuple[Trained, ...]
