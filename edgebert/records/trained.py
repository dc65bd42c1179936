"""The record of a training run, with its curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgebert.records.header import Header
from edgebert.records.manifest import TrimmedVocabulary

LOSS = "loss"
"""Among the scores of dev the mean loss, of which less is better."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        loss: the mean training loss.
        dev: the metric at its end, in points; None where it was not measured there.
    """

    epoch: int
    loss: float
    dev: float | None
    seconds: float


@dataclass(frozen=True)
class LossPoint:
    """A point of the loss curve.

    Attributes:
        step: optimizer steps done.
        loss: mean of the steps since the point before.
        learning_rate: of the encoder at this step.
        seconds: since training began.
    """

    step: int
    loss: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """What the dev examples said after a step: metrics in points, and the mean loss as `loss`."""

    step: int
    scores: dict[str, float]


@dataclass(frozen=True)
class LabelCounts:
    """How often a label was found where it belongs, and how not.

    Attributes:
        missed: it was not found; `spurious`: it was found where nothing is, or another label.
        wrong_label: entities that were found with another label.
        wrong_bounds: entities that were found with other ends. Neither is counted as missed or
            spurious.
    """

    label: str
    right: int
    missed: int
    spurious: int
    wrong_label: int = 0
    wrong_bounds: int = 0


@dataclass(frozen=True)
class Confusion:
    """How many texts of the label `gold` were given `found`, which may be the same.

    None stands for all labels that are not among the most confused ones.
    """

    gold: str | None
    found: str | None
    count: int


@dataclass(frozen=True)
class EntityMistake:
    """An entity that should be there, the one that was found, or both.

    Attributes:
        kind: missed, spurious, wrong label or wrong boundaries.
        gold, found: labels.
        gold_text, found_text: the characters of the entity alone.
    """

    kind: str
    gold: str | None
    found: str | None
    gold_text: str | None
    found_text: str | None


@dataclass(frozen=True)
class Mistakes:
    """What the weights that were kept get wrong on dev.

    Attributes:
        texts: how many texts were asked.
        labels: of all labels of a classifier, or kinds of entities.
        confusions: of a classifier that gives a text one label; pairs that never occurred are left
            out.
        entities: at most five of each kind, the first ones.
    """

    texts: int
    labels: tuple[LabelCounts, ...]
    confusions: tuple[Confusion, ...] = ()
    entities: tuple[EntityMistake, ...] = ()


@dataclass(frozen=True)
class DataFile:
    """What a run read, by the option's name.

    Attributes:
        rows: examples that the file holds; None where they were not counted.
        sha256: of the file, or of all files of a folder.
    """

    role: str
    path: str
    rows: int | None
    sha256: str


@dataclass(frozen=True, kw_only=True)
class TrainingRecord(Header):
    """A checkpoint was trained. `metric` names what `dev` and `best_dev` are, in points.

    Attributes:
        data: the files it was trained and measured on.
        examples: how many examples it was trained on, after any limit.
        options: how it was trained.
        labels: of a text classifier; `multi_label` where a text may have several of them.
        steps: optimizer steps done; `best_step` is the one whose weights were kept.
        precision: in which numbers: fp32, bf16 or fp16.
        processes: how many shared the work.
        seconds: from start to end; of a run that was stopped and gone on with, the training before
            the stop and all of the last run.
        examples_per_step: on average; None in older records, whose options say it.
        curve: loss and learning rate on the way; `evaluations` the dev metrics.
        files: `data` with its sizes and hashes.
        mistakes: on dev, of classifiers and taggers.
        trimmed_vocabulary: what was kept of a student's vocabulary, where it was trimmed.
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
    labels: tuple[str, ...] = ()
    multi_label: bool = False
    steps: int = 0
    best_step: int | None = None
    precision: str = "fp32"
    device: str = "cpu"
    processes: int = 1
    examples_per_step: float | None = None
    curve: tuple[LossPoint, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    files: tuple[DataFile, ...] = ()
    mistakes: Mistakes | None = None
    trimmed_vocabulary: TrimmedVocabulary | None = None

    @property
    def shape(self) -> str:
        """How deep and wide the model is, in words; a table of static embeddings has no layers."""
        if self.layers == 0:
            return f"static embeddings, {self.hidden} wide"
        return f"{self.layers} layers, hidden {self.hidden}"

    @property
    def step_size(self) -> float:
        """How many examples a step has, on average."""
        return self.examples_per_step or float(self.options.get("batch_size", 1))

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.checkpoint,)
