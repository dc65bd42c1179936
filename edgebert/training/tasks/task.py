"""A model with the head of a task, and how examples become what it learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples, Text
from edgebert.errors import CheckpointError
from edgebert.training.loop.objective import Exam, Objective
from edgebert.training.models import save_model
from edgebert.training.tasks.labels.asked import Asked
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.sentence_folder import write_sentence_folder


class TaskData(Objective, Exam, Protocol):
    """Encoded examples with their targets: losses to train on, scores to choose by."""


@dataclass(frozen=True)
class Task:
    """A model with the head of a task.

    Attributes:
        targets: the field of `Examples` that holds what is to be learned.
        encode: examples with those targets.
        answer: texts with the model's own answers as targets, for a student to learn.
        ask: texts as a student is asked them whose logits are to be those of the model; None where
            `answer` holds all that a student learns.
        embedder: how the model makes an embedding, where that is the task.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    targets: str
    encode: Callable[[Examples], TaskData]
    answer: Callable[[Sequence[Text]], TaskData]
    ask: Callable[[Sequence[Text]], Asked] | None = None
    embedder: Embedder | None = None

    def write(self, folder: Path) -> None:
        """Write the model as it is now, its tokenizer, and what a sentence model has beside."""
        save_model(self.model, self.tokenizer, folder)
        if self.embedder:
            write_sentence_folder(folder, self.embedder, self.model, self.tokenizer)


def no_lesson(checkpoint: Checkpoint, texts: Sequence[Text]) -> TaskData:
    """What answers texts for a student, of a model that no student is made of.

    Raises:
        CheckpointError: always.
    """
    raise CheckpointError(f"{checkpoint.id} is for {checkpoint.task}, which no student learns here")


def label_maps(labels: tuple[str, ...]) -> dict[str, object]:
    """How a configuration names labels."""
    names = dict(enumerate(labels))
    numbers = {name: number for number, name in names.items()}
    return {"num_labels": len(labels), "id2label": names, "label2id": numbers}
