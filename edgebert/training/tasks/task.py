"""The tasks a checkpoint can be trained for: its head, and how examples become tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples, Text
from edgebert.errors import CheckpointError
from edgebert.records.manifest import (
    EMBEDDINGS,
    IDENTITY,
    SIGMOID,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.training.loop.objective import Exam, Objective
from edgebert.training.models import load_model, load_tokenizer, save_model
from edgebert.training.tasks.asked import Asked
from edgebert.training.tasks.embedded_texts import embed_texts
from edgebert.training.tasks.embedder import Embedder
from edgebert.training.tasks.encoding import encode
from edgebert.training.tasks.heads import OneLabel
from edgebert.training.tasks.kinds import text_kind
from edgebert.training.tasks.matryoshka import Prefixes
from edgebert.training.tasks.retrieval import RankingEncoder, encode_judged, encode_pairs
from edgebert.training.tasks.sentence_folder import write_sentence_folder
from edgebert.training.tasks.similarity import encode_scored_pairs
from edgebert.training.tasks.tagging import ask_tags, encode_tagged, tag_texts
from edgebert.training.tasks.texts import TextKind, answer_texts, encode_answered

_ACTIVATIONS = {
    SIGMOID: "torch.nn.modules.activation.Sigmoid",
    IDENTITY: "torch.nn.modules.linear.Identity",
}
"""Where a CrossEncoder of sentence-transformers looks for what makes a score of a logit."""


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


def load_task(checkpoint: Checkpoint) -> Task:
    """Open a trained checkpoint with the head and the labels it has.

    Raises:
        CheckpointError: it cannot be loaded, or is of a task that is not trained here.
    """
    for name, opened in _OPENED:
        if name == checkpoint.task:
            return opened(checkpoint)
    raise CheckpointError(f"{checkpoint.id} is for {checkpoint.task}, which is not trained here")


def text_classification(checkpoint: Checkpoint, kind: TextKind, *, trained: bool = False) -> Task:
    """A text classifier, whose head may be new where it is not `trained`."""
    config = {**_label_maps(kind.labels), "problem_type": kind.problem_type}
    auto_class = AutoModelForSequenceClassification
    model = load_model(auto_class, checkpoint, config, trained=trained)
    tokenizer = load_tokenizer(checkpoint)

    def ask(texts: Sequence[Text]) -> Asked:
        return Asked(encode(tokenizer, texts), kind.head)

    return Task(
        model,
        tokenizer,
        targets=kind.targets,
        encode=partial(encode_answered, tokenizer=tokenizer, kind=kind),
        answer=partial(answer_texts, model=model, tokenizer=tokenizer, kind=kind),
        ask=ask,
    )


def say_scoring(config: PretrainedConfig, scoring: str | None) -> None:
    """Note how a score is made of a single logit, and take out what was noted of another head."""
    for name in ("sentence_transformers", "sbert_ce_default_activation_function"):
        if hasattr(config, name):
            delattr(config, name)
    if scoring is not None:
        config.sentence_transformers = {"activation_fn": _ACTIVATIONS[scoring]}


def token_classification(
    checkpoint: Checkpoint,
    labels: tuple[str, ...],
    head: OneLabel | None = None,
    *,
    trained: bool = False,
) -> Task:
    """A tagger, whose head may be new where it is not `trained`."""
    config, auto_class = _label_maps(labels), AutoModelForTokenClassification
    model = load_model(auto_class, checkpoint, config, trained=trained)
    tokenizer = load_tokenizer(checkpoint)
    head = head or OneLabel()
    return Task(
        model,
        tokenizer,
        targets="entities",
        encode=partial(encode_tagged, tokenizer=tokenizer, labels=labels, head=head),
        answer=partial(tag_texts, model=model, tokenizer=tokenizer, labels=labels),
        ask=partial(ask_tags, tokenizer=tokenizer, head=head),
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


def _label_maps(labels: tuple[str, ...]) -> dict[str, object]:
    names = dict(enumerate(labels))
    numbers = {name: number for number, name in names.items()}
    return {"num_labels": len(labels), "id2label": names, "label2id": numbers}


def _open_classifier(checkpoint: Checkpoint) -> Task:
    return text_classification(checkpoint, text_kind(checkpoint), trained=True)


def _open_tagger(checkpoint: Checkpoint) -> Task:
    return token_classification(checkpoint, checkpoint.labels, trained=True)


def _open_embedder(checkpoint: Checkpoint) -> Task:
    return sentence_embedding(checkpoint, Embedder.of(checkpoint))


_OPENED: tuple[tuple[str, Callable[[Checkpoint], Task]], ...] = (
    (TEXT_CLASSIFICATION, _open_classifier),
    (TOKEN_CLASSIFICATION, _open_tagger),
    (EMBEDDINGS, _open_embedder),
)
"""What opens a checkpoint of a task."""
