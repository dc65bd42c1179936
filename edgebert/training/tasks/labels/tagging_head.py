"""A head for the entities of texts."""

from __future__ import annotations

from functools import partial

from transformers import AutoModelForTokenClassification

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples
from edgebert.training.models import load_model, load_tokenizer
from edgebert.training.options import BALANCED, FinetuneOptions
from edgebert.training.tasks.drawing import draw
from edgebert.training.tasks.labels.heads import OneLabel, balanced_labels
from edgebert.training.tasks.labels.tagging import ask_tags, bio_labels, encode_tagged, tag_texts
from edgebert.training.tasks.task import Task, label_maps


def put_tagger(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """A head for the entities of a file, in the scheme BIO."""
    labels, weights = bio_labels(examples), None
    if options.class_weights == BALANCED:
        tokenizer = load_tokenizer(checkpoint)
        data = encode_tagged(draw(examples, options), tokenizer=tokenizer, labels=labels)
        weights = balanced_labels(data.words, len(labels))
    head = OneLabel(options.label_smoothing, weights)
    return token_classification(checkpoint, labels, head)


def open_tagger(checkpoint: Checkpoint) -> Task:
    """A trained one, with the labels it has."""
    return token_classification(checkpoint, checkpoint.labels, trained=True)


def put_tagger_like(checkpoint: Checkpoint, other: Checkpoint) -> Task:
    """A head for the other's labels."""
    return token_classification(checkpoint, other.labels)


def token_classification(
    checkpoint: Checkpoint,
    labels: tuple[str, ...],
    head: OneLabel | None = None,
    *,
    trained: bool = False,
) -> Task:
    """A tagger, whose head may be new where it is not `trained`."""
    config, auto_class = label_maps(labels), AutoModelForTokenClassification
    model = load_model(auto_class, checkpoint, config, trained=trained)
    tokenizer = load_tokenizer(checkpoint)
    head = head or OneLabel()
    return Task(
        model,
        tokenizer,
        targets="entities",
        encode=partial(encode_tagged, tokenizer=tokenizer, labels=labels, head=head),
        answer=partial(tag_texts, tokenizer=tokenizer, labels=labels),
        ask=partial(ask_tags, tokenizer=tokenizer, head=head),
    )
