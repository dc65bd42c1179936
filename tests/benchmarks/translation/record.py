"""What came of training translators, and of their bundles."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.measures.bleu import BLEU
from edgebert.records.checked import Metric
from edgebert.records.header import Header

PYTORCH = "PyTorch"

MOST_LOST, LEAST_AGREEMENT, LARGEST = 0.3, 0.985, 25_000_000
"""Goals of int8: points of BLEU, the share of next tokens that agree, and bytes."""


@dataclass(frozen=True)
class Measured:
    """Translations of a file, by sacrebleu.

    Attributes:
        by: `PYTORCH`, or the precision of a bundle.
        beams: 1 is greedy.
        length_ratio: words of the translations to those of the file.
        seconds: of translating.
    """

    test: str
    beams: int
    bleu: float
    bleu_lower_case: float
    chrf: float
    length_ratio: float
    signature: str
    seconds: float
    by: str = PYTORCH


@dataclass(frozen=True)
class Drop:
    """What int8 loses of fp32 on a test, with a paired bootstrap."""

    test: str
    beams: int
    metric: Metric


@dataclass(frozen=True)
class Agreement:
    """int8 beside fp32, text by text.

    Attributes:
        tokens: of the references of the file: how many next ones were asked for.
        next_tokens: the share of them on which both agree.
        exact: share of greedy translations that are the same text.
        unfinished, loops: sentences that did not end by their limit, and those of them that repeat
            themselves: of fp32, of int8.
    """

    test: str
    tokens: int
    next_tokens: float
    exact: float
    unfinished: tuple[int, int]
    loops: tuple[int, int]


@dataclass(frozen=True)
class Bundled:
    """Both bundles of a model.

    Attributes:
        fp32_bytes, int8_bytes: of all files.
        pieces: of the source that were kept.
    """

    fp32_bytes: int
    int8_bytes: int
    pieces: int
    measured: tuple[Measured, ...]
    drops: tuple[Drop, ...]
    agreements: tuple[Agreement, ...]

    def missed(self, name: str) -> list[str]:
        """A sentence for each goal of int8 that a model's bundle did not reach."""
        told = [
            f"{name}: int8 loses {one.metric.drop:.2f} BLEU of {one.test} by {one.beams} beams, "
            f"more than {MOST_LOST:g}"
            for one in self.drops
            if one.metric.name == BLEU and one.metric.drop > MOST_LOST
        ]
        told += [
            f"{name}: {100 * one.next_tokens:.2f} % of the next tokens agree on {one.test}, "
            f"fewer than {100 * LEAST_AGREEMENT:g} %"
            for one in self.agreements
            if one.next_tokens < LEAST_AGREEMENT
        ]
        if self.int8_bytes > LARGEST:
            told.append(
                f"{name}: int8 is {self.int8_bytes / 1e6:.1f} MB, more than {LARGEST / 1e6:g}"
            )
        return told


@dataclass(frozen=True)
class Trained:
    """A row: the model by its recipe, what it writes, and on which machine, and when."""

    name: str
    where: str
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
    bundled: Bundled | None = None

    def missed(self) -> list[str]:
        """A sentence for each goal that was not reached."""
        best = max(getattr(one, self.metric) for one in self.measured[:2])
        told = []
        if self.goal is not None and best < self.goal:
            told.append(f"{self.name}: {self.metric} {best:.2f}, less than {self.goal:g}")
        return told + ([] if self.bundled is None else self.bundled.missed(self.name))


@dataclass(frozen=True, kw_only=True)
class TranslationTable(Header):
    """All rows that were trained."""

    record: str = "translation-benchmark"
    rows: tuple[Trained, ...] = field(default_factory=tuple)
