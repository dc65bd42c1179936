"""The tasks a checkpoint can be trained for: its head, and how examples become tensors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples, Text
from edgebert.errors import CheckpointError
from edgebert.records.manifest import FILL_MASK, QUESTION_ANSWERING
from edgebert.tasks import task_of
from edgebert.tasks.classification import MULTI_LABEL
from edgebert.tasks.terms import POOLED
from edgebert.training.loop.objective import Exam, Objective
from edgebert.training.models import load_model, load_tokenizer, load_with_absent, save_model
from edgebert.training.tasks.answering import encode_answered
from edgebert.training.tasks.classification import encode_labelled, label_texts
from edgebert.training.tasks.embedded_texts import embed_texts
from edgebert.training.tasks.embedder import Embedder
from edgebert.training.tasks.masked_words import encode_texts
from edgebert.training.tasks.matryoshka import Prefixes
from edgebert.training.tasks.retrieval import RankingEncoder, encode_judged, encode_pairs
from edgebert.training.tasks.sentence_folder import write_sentence_folder
from edgebert.training.tasks.similarity import encode_scored_pairs
from edgebert.training.tasks.tagging import encode_tagged, tag_texts

_LOGGER = logging.getLogger(__name__)


class TaskData(Objective, Exam, Protocol):
    """Encoded examples with their targets: losses to train on, scores to choose by."""


@dataclass(frozen=True)
class Task:
    """A model with the head of a task.

    Attributes:
        targets: the field of `Examples` that holds what is to be learned.
        encode: examples with those targets.
        answer: texts with the model's own answers as targets, for a student to learn.
        embedder: how the model makes an embedding, where that is the task.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    targets: str
    encode: Callable[[Examples], TaskData]
    answer: Callable[[Sequence[Text]], TaskData]
    embedder: Embedder | None = None

    def write(self, folder: Path) -> None:
        """Write the model as it is now, its tokenizer, and what a sentence model has beside."""
        save_model(self.model, self.tokenizer, folder)
        if self.embedder:
            write_sentence_folder(folder, self.embedder, self.model, self.tokenizer)


def load_task(checkpoint: Checkpoint) -> Task:
    """Open a trained checkpoint with the head and the labels it has.

    Raises:
        CheckpointError: it cannot be loaded, or is of a task that is not trained here.
    """
    problem = checkpoint.problem_type
    if problem is not None:
        return text_classification(checkpoint, checkpoint.labels, problem)
    if checkpoint.labels:
        return token_classification(checkpoint, checkpoint.labels)
    if checkpoint.task == QUESTION_ANSWERING:
        return question_answering(checkpoint)
    if checkpoint.task == FILL_MASK:
        return masked_language_model(checkpoint)
    if task_of(checkpoint.task).form == POOLED:
        return sentence_embedding(checkpoint, Embedder.of(checkpoint))
    raise CheckpointError(f"{checkpoint.id} is for {checkpoint.task}, which is not trained here")


def text_classification(checkpoint: Checkpoint, labels: tuple[str, ...], problem: str) -> Task:
    config = {**_label_maps(labels), "problem_type": problem}
    model = load_model(AutoModelForSequenceClassification, checkpoint, config)
    tokenizer = load_tokenizer(checkpoint)
    multi_label = problem == MULTI_LABEL
    return Task(
        model,
        tokenizer,
        targets="labels",
        encode=partial(
            encode_labelled, tokenizer=tokenizer, labels=labels, multi_label=multi_label
        ),
        answer=partial(label_texts, model=model, tokenizer=tokenizer, multi_label=multi_label),
    )


def token_classification(checkpoint: Checkpoint, labels: tuple[str, ...]) -> Task:
    model = load_model(AutoModelForTokenClassification, checkpoint, _label_maps(labels))
    tokenizer = load_tokenizer(checkpoint)
    return Task(
        model,
        tokenizer,
        targets="entities",
        encode=partial(encode_tagged, tokenizer=tokenizer, labels=labels),
        answer=partial(tag_texts, model=model, tokenizer=tokenizer, labels=labels),
    )


def sentence_embedding(
    checkpoint: Checkpoint, embedder: Embedder, matryoshka: tuple[int, ...] = ()
) -> Task:
    model = load_model(AutoModel, checkpoint, {})
    tokenizer = load_tokenizer(checkpoint)
    prefixes = Prefixes.of(matryoshka, embedder.width(model.config.hidden_size))

    def related(examples: Examples) -> TaskData:
        """What the file says belongs together: by scores, by judgements, or as pairs."""
        if examples.scores is not None:
            return encode_scored_pairs(
                examples, tokenizer=tokenizer, embedder=embedder, prefixes=prefixes
            )
        encoder = RankingEncoder(tokenizer, embedder, prefixes)
        if examples.retrieval is not None:
            return encode_judged(examples, examples.retrieval, encoder)
        return encode_pairs(examples, encoder)

    return Task(
        model,
        tokenizer,
        targets="scores",
        encode=related,
        answer=partial(embed_texts, model=model, tokenizer=tokenizer, embedder=embedder),
        embedder=embedder,
    )


def question_answering(checkpoint: Checkpoint) -> Task:
    model = load_model(AutoModelForQuestionAnswering, checkpoint, {})
    tokenizer = load_tokenizer(checkpoint)
    return Task(
        model,
        tokenizer,
        targets="answers",
        encode=partial(encode_answered, tokenizer=tokenizer),
        answer=partial(_no_lesson, checkpoint),
    )


def masked_language_model(checkpoint: Checkpoint) -> Task:
    """A model that guesses words; where the checkpoint has no head for that, a new one.

    A new head is worth training too, and the log says so: it has few weights of its own beside the
    embeddings that it shares, and what the encoder learns of a domain is what later tasks start from.
    """
    model, absent = load_with_absent(AutoModelForMaskedLM, checkpoint, {})
    tokenizer = load_tokenizer(checkpoint)
    if tokenizer.mask_token_id is None:
        raise CheckpointError(
            f"{checkpoint.id} has no mask token, so no word can be hidden from it"
        )
    if any("pooler" not in name for name in absent):
        _LOGGER.warning("%s has no head that guesses words: one starts at random", checkpoint.id)
    return Task(
        model,
        tokenizer,
        targets="texts",
        encode=partial(encode_texts, tokenizer=tokenizer),
        answer=partial(_no_lesson, checkpoint),
    )


def _no_lesson(checkpoint: Checkpoint, texts: Sequence[Text]) -> TaskData:
    raise CheckpointError(f"{checkpoint.id} is for {checkpoint.task}, which no student learns here")


def _label_maps(labels: tuple[str, ...]) -> dict[str, object]:
    names = dict(enumerate(labels))
    numbers = {name: number for number, name in names.items()}
    return {"num_labels": len(labels), "id2label": names, "label2id": numbers}
