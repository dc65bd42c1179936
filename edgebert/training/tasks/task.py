"""A model with the head of a task, and how examples become what it learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples, Text
from edgebert.training.loop.objective import Exam, Objective
from edgebert.training.models import save_model
from edgebert.training.tasks.asked import Asked
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.sentence_folder import write_sentence_folder


class TaskData(Objective, Exam, Protocol):
    """Encoded examples with their targets: losses to train on, scores to choose by."""


WriteDown = Callable[[Examples | None, Examples | None, str], Examples]
"""Makes examples of labelled ones, of texts alone, and of the precision in which a teacher runs."""


@dataclass(frozen=True)
class Task:
    """A model with the head of a task.

    Attributes:
        targets: the field of `Examples` that holds what is to be learned.
        encode: examples with those targets.
        ask: texts, of which a student is to answer as its teacher does.
        answer: texts with a teacher's answers as what is right: the values of each row of `ask`.
        embedder: how the model makes an embedding, where that is the task.
        beside: writes what a folder has beside the model and the tokenizer.
        write_down: texts with the model's answers as what is right, where these are texts that
            students learn as such; of labelled examples also what the file says.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    targets: str
    encode: Callable[[Examples], TaskData]
    ask: Callable[[Sequence[Text]], Asked]
    answer: Callable[[Sequence[Text], Sequence[Tensor]], Exam]
    embedder: Embedder | None = None
    beside: Callable[[Path], None] | None = None
    write_down: WriteDown | None = None

    def write(self, folder: Path) -> None:
        """Write the model as it is now, its tokenizer, and what a sentence model has beside."""
        save_model(self.model, self.tokenizer, folder)
        if self.embedder:
            write_sentence_folder(folder, self.embedder, self.model, self.tokenizer)
        if self.beside:
            self.beside(folder)


def label_maps(labels: tuple[str, ...]) -> dict[str, object]:
    """How a configuration names labels."""
    names = dict(enumerate(labels))
    numbers = {name: number for number, name in names.items()}
    return {"num_labels": len(labels), "id2label": names, "label2id": numbers}
