"""The training half of the demo: data, a teacher, its student, a tagger, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebert.data import read_examples
from edgebert.demo.baseline import bag_of_words_accuracy
from edgebert.demo.dataset import DemoData, write_data
from edgebert.records.manifest import TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION
from edgebert.records.trained import TrainingRecord


@dataclass(frozen=True)
class IntentAccuracy:
    """Accuracy on the test split of the intents, in points."""

    bag_of_words: float
    random_weights: float
    teacher: float
    student: float


@dataclass(frozen=True)
class TrainedModels:
    """What the training half leaves behind.

    Attributes:
        teacher, student: checkpoints that classify intents.
        tagger: a checkpoint that tags slots; `tagger_f1` is its entity F1 on the test split.
        records: pretraining, teacher, student, tagger.
    """

    data: DemoData
    teacher: Path
    student: Path
    tagger: Path
    records: tuple[TrainingRecord, ...]
    accuracy: IntentAccuracy
    tagger_f1: float


def train_models(folder: Path, seed: int) -> TrainedModels:
    """Write the data to `folder` and train on it, in about two minutes on two cores."""
    from edgebert.training import evaluate, write_untrained

    data = write_data(folder / "data", seed)
    pretrained, teacher, student, tagger, untrained = (
        folder / "models" / name
        for name in ("pretrained", "teacher", "student", "tagger", "untrained")
    )
    records = (
        _pretrain(data, pretrained, seed),
        _train_teacher(data, pretrained, teacher, seed),
        _distill(data, teacher, student, seed),
        _train_tagger(data, pretrained, tagger, seed),
    )
    write_untrained(str(teacher), untrained, seed=seed)
    test = data.intents.test
    accuracy = IntentAccuracy(
        bag_of_words=bag_of_words_accuracy(read_examples(data.intents.train), read_examples(test)),
        random_weights=evaluate(str(untrained), test, offline=True),
        teacher=evaluate(str(teacher), test, offline=True),
        student=evaluate(str(student), test, offline=True),
    )
    tagger_f1 = evaluate(str(tagger), data.slots.test, offline=True)
    return TrainedModels(data, teacher, student, tagger, records, accuracy, tagger_f1)


def _pretrain(data: DemoData, output: Path, seed: int) -> TrainingRecord:
    from edgebert.training import PretrainOptions, pretrain

    options = PretrainOptions(
        layers=4,
        hidden=128,
        vocab_size=1500,
        epochs=12,
        batch_size=16,
        learning_rate=1e-3,
        max_length=64,
        seed=seed,
    )
    return pretrain([data.corpus], output, options=options)


def _train_teacher(data: DemoData, source: Path, output: Path, seed: int) -> TrainingRecord:
    from edgebert.training import FinetuneOptions, finetune

    return finetune(
        str(source),
        output,
        task=TEXT_CLASSIFICATION,
        train=data.intents.train,
        dev=data.intents.dev,
        options=FinetuneOptions(epochs=6, learning_rate=1e-3, seed=seed),
        offline=True,
    )


def _train_tagger(data: DemoData, source: Path, output: Path, seed: int) -> TrainingRecord:
    from edgebert.training import FinetuneOptions, finetune

    return finetune(
        str(source),
        output,
        task=TOKEN_CLASSIFICATION,
        train=data.slots.train,
        dev=data.slots.dev,
        options=FinetuneOptions(epochs=3, learning_rate=1e-3, seed=seed),
        offline=True,
    )


def _distill(data: DemoData, teacher: Path, output: Path, seed: int) -> TrainingRecord:
    """Labels where there are some, and the teacher's answers on more sentences without."""
    from edgebert.training import DistillOptions, distill

    return distill(
        str(teacher),
        output,
        train=data.intents.train,
        dev=data.intents.dev,
        texts=data.slots.train,
        options=DistillOptions(layers=2, epochs=4, learning_rate=1e-3, seed=seed),
        offline=True,
    )
