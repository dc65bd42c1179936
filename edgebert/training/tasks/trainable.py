"""What a checkpoint can be fine-tuned for, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples
from edgebert.errors import CheckpointError, InputError
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.tasks.translation import TRANSLATION
from edgebert.training.options import FinetuneOptions, TranslationOptions
from edgebert.training.tasks.labels.tagging_head import open_tagger, put_tagger, put_tagger_like
from edgebert.training.tasks.labels.text_head import (
    open_classifier,
    put_classifier,
    put_classifier_like,
    put_reranker,
)
from edgebert.training.tasks.masked_head import open_guesser, put_guesser, put_guesser_like
from edgebert.training.tasks.masked_words import MASKED_LM
from edgebert.training.tasks.questions.reading_head import open_reader, put_reader, put_reader_like
from edgebert.training.tasks.sentences.embedding_head import (
    open_embedder,
    put_embedder,
    put_embedder_like,
)
from edgebert.training.tasks.task import Task
from edgebert.training.tasks.translation.translator import (
    open_translator,
    put_translator,
    put_translator_like,
)

RERANKING = "reranking"
SENTENCE_SIMILARITY = "sentence-similarity"

_LABELS = frozenset({"label_smoothing", "class_weights"})


@dataclass(frozen=True)
class Trainable:
    """A task of `finetune`.

    Attributes:
        put: puts the task's head on a checkpoint, as the training examples and the options say.
        open: opens a checkpoint that has it.
        put_like: puts the head of a second checkpoint on the first, which may have it already.
        opened_as: the task of such a checkpoint.
        takes: the options that mean something to it, beside those that every task takes.
        taught: whether students learn its answers.
        options: what `finetune` takes for it.
    """

    name: str
    put: Callable[[Checkpoint, Examples, FinetuneOptions], Task]
    open: Callable[[Checkpoint], Task]
    put_like: Callable[[Checkpoint, Checkpoint], Task]
    opened_as: str
    takes: frozenset[str] = frozenset()
    taught: bool = True
    options: type[FinetuneOptions] = FinetuneOptions

    def refuse_options(self, options: FinetuneOptions) -> None:
        """Refuse what the task would pass over.

        Raises:
            InputError: the options are those of other tasks, or one of other tasks is not at its
                default.
        """
        if type(options) is not self.options:
            raise InputError(
                f"{self.name} takes {self.options.__name__}, not {type(options).__name__}"
            )
        of_tasks = {name for task in TASKS.values() for name in task.takes}
        for field in fields(options):
            given = getattr(options, field.name) != field.default
            if given and field.name in of_tasks - self.takes:
                those = " and ".join(t.name for t in TASKS.values() if field.name in t.takes)
                raise InputError(
                    f"--{field.name.replace('_', '-')} is for {those}, not for {self.name}"
                )


TASKS = {
    task.name: task
    for task in (
        Trainable(
            TEXT_CLASSIFICATION,
            put_classifier,
            open_classifier,
            put_classifier_like,
            TEXT_CLASSIFICATION,
            _LABELS | {"multi_label"},
        ),
        Trainable(
            RERANKING,
            put_reranker,
            open_classifier,
            put_classifier_like,
            TEXT_CLASSIFICATION,
            _LABELS,
        ),
        Trainable(
            TOKEN_CLASSIFICATION,
            put_tagger,
            open_tagger,
            put_tagger_like,
            TOKEN_CLASSIFICATION,
            _LABELS,
        ),
        Trainable(
            SENTENCE_SIMILARITY,
            put_embedder,
            open_embedder,
            put_embedder_like,
            EMBEDDINGS,
            frozenset({"matryoshka", "hard_negatives"}),
        ),
        Trainable(QUESTION_ANSWERING, put_reader, open_reader, put_reader_like, QUESTION_ANSWERING),
        Trainable(MASKED_LM, put_guesser, open_guesser, put_guesser_like, FILL_MASK, taught=False),
        Trainable(
            TRANSLATION,
            put_translator,
            open_translator,
            put_translator_like,
            TRANSLATION,
            frozenset({"label_smoothing"}),
            options=TranslationOptions,
        ),
    )
}


def trainable(name: str) -> Trainable:
    """The task of this name.

    Raises:
        InputError: there is none.
    """
    if name not in TASKS:
        raise InputError(f"unknown task {name!r}: expected one of {', '.join(TASKS)}")
    return TASKS[name]


def opened_trainable(checkpoint: Checkpoint) -> Trainable:
    """The task that a trained checkpoint is of.

    Raises:
        CheckpointError: it is of one that is not trained here.
    """
    for task in TASKS.values():
        if task.opened_as == checkpoint.task:
            return task
    raise CheckpointError(f"{checkpoint.id} is for {checkpoint.task}, which is not trained here")


def load_task(checkpoint: Checkpoint) -> Task:
    """Open a trained checkpoint with the head and the labels it has.

    Raises:
        CheckpointError: it cannot be loaded, or is of a task that is not trained here.
    """
    return opened_trainable(checkpoint).open(checkpoint)


def is_taught(task: str) -> bool:
    """Whether students are made of checkpoints of this task."""
    return any(of.taught and of.opened_as == task for of in TASKS.values())
