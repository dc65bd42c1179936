"""What came of training translators."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.records.header import Header


@dataclass(frozen=True)
class Measured:
    """A checkpoint's translations of a file, by sacrebleu.

    Attributes:
        beams: 1 is greedy.
        length_ratio: words of the translations to those of the file.
        seconds: of translating, in PyTorch.
    """

    test: str
    beams: int
    bleu: float
    bleu_lower_case: float
    chrf: float
    length_ratio: float
    signature: str
    seconds: float


@dataclass(frozen=True)
class Trained:
    """A row: the model by its recipe, and what it writes."""

    name: str
    command: str
    metric: str
    goal: float | None
    anchor: str
    parameters: int
    steps: int
    seconds: float
    precision: str
    dev: float | None
    measured: tuple[Measured, ...]


@dataclass(frozen=True, kw_only=True)
class TranslationTable(Header):
    """All rows that were trained."""

    record: str = "translation-benchmark"
    threads: int
    rows: tuple[Trained, ...] = field(default_factory=tuple)
