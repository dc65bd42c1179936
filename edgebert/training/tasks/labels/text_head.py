"""Heads for texts and pairs: one label, several, or a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean

from torch import nn
from transformers import AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples, Text
from edgebert.errors import InputError
from edgebert.records.manifest import IDENTITY, SIGMOID
from edgebert.tasks.classification import REGRESSION
from edgebert.training.models import load_model, load_tokenizer
from edgebert.training.options import BALANCED, UNWEIGHTED, FinetuneOptions
from edgebert.training.tasks.drawing import draw
from edgebert.training.tasks.encoding import encode
from edgebert.training.tasks.labels.asked import AskedLabels
from edgebert.training.tasks.labels.classification import MultiLabel, SingleLabel, label_names
from edgebert.training.tasks.labels.heads import (
    OneLabel,
    Probability,
    YesOrNo,
    balanced_answers,
    balanced_labels,
)
from edgebert.training.tasks.labels.kinds import text_kind
from edgebert.training.tasks.labels.scoring import Relevance, Score
from edgebert.training.tasks.labels.texts import TextKind, answer_texts, encode_answered
from edgebert.training.tasks.task import Task, label_maps

_ACTIVATIONS = {
    SIGMOID: "torch.nn.modules.activation.Sigmoid",
    IDENTITY: "torch.nn.modules.linear.Identity",
}
"""Where a CrossEncoder of sentence-transformers looks for what makes a score of a logit."""


def put_classifier(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """A head for labels; where a file has scores and no labels, for a score."""
    if examples.labels is None and examples.text_scores is not None and not options.multi_label:
        _refuse_for_scores(examples, options)
        task = _with_kind(checkpoint, Score())
        if checkpoint.problem_type != REGRESSION:
            _start_at(task.model, fmean(examples.text_scores))
        return task
    several = options.multi_label or examples.label_lists or checkpoint.multi_label
    names = label_names(examples, multi_label=several)
    if not several:
        return _with_kind(checkpoint, _single_label(names, examples, options))
    kind = MultiLabel(names, YesOrNo(options.label_smoothing))
    if options.class_weights == BALANCED:
        weights = balanced_answers(kind.gold(draw(examples, options)))
        kind = MultiLabel(names, replace(kind.head, weights=weights))
    return _with_kind(checkpoint, kind)


def put_reranker(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """A head for how well the second text of a pair answers the first."""
    head = Probability(options.label_smoothing)
    if options.class_weights == BALANCED:
        relevance = Relevance().gold(draw(examples, options))
        head = replace(head, weights=balanced_answers(relevance))
    return _with_kind(checkpoint, Relevance(head=head))


def open_classifier(checkpoint: Checkpoint) -> Task:
    """A trained one, with the labels it has."""
    return text_classification(checkpoint, text_kind(checkpoint), trained=True)


def put_classifier_like(checkpoint: Checkpoint, other: Checkpoint) -> Task:
    """A head for what the other's is for."""
    return _with_kind(checkpoint, text_kind(other))


def text_classification(checkpoint: Checkpoint, kind: TextKind, *, trained: bool = False) -> Task:
    """A text classifier, whose head may be new where it is not `trained`."""
    config = {**label_maps(kind.labels), "problem_type": kind.problem_type}
    auto_class = AutoModelForSequenceClassification
    model = load_model(auto_class, checkpoint, config, trained=trained)
    tokenizer = load_tokenizer(checkpoint)

    def ask(texts: Sequence[Text]) -> AskedLabels:
        return AskedLabels(encode(tokenizer, texts), kind.head)

    return Task(
        model,
        tokenizer,
        targets=kind.targets,
        encode=partial(encode_answered, tokenizer=tokenizer, kind=kind),
        answer=partial(answer_texts, tokenizer=tokenizer, kind=kind),
        ask=ask,
    )


def _single_label(
    names: tuple[str, ...], examples: Examples, options: FinetuneOptions
) -> SingleLabel:
    weights = None
    if options.class_weights == BALANCED:
        weights = balanced_labels(SingleLabel(names).gold(draw(examples, options)), len(names))
    return SingleLabel(names, OneLabel(options.label_smoothing, weights))


def _refuse_for_scores(examples: Examples, options: FinetuneOptions) -> None:
    for name, given in (
        ("label_smoothing", options.label_smoothing > 0),
        ("class_weights", options.class_weights != UNWEIGHTED),
    ):
        if given:
            raise InputError(
                f"{examples.path} has scores and no labels, and {name} is for labels: leave it out"
            )


def _start_at(model: PreTrainedModel, score: float) -> None:
    """Let a new head give this score at first, so that no steps are spent on getting there."""
    last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    if last.out_features == 1 and last.bias is not None:
        nn.init.constant_(last.bias, score)


def _with_kind(checkpoint: Checkpoint, kind: TextKind) -> Task:
    task = text_classification(checkpoint, kind)
    _say_scoring(task.model.config, kind.scoring)
    return task


def _say_scoring(config: PretrainedConfig, scoring: str | None) -> None:
    """Note how a score is made of a single logit, and take out what was noted of another head."""
    for name in ("sentence_transformers", "sbert_ce_default_activation_function"):
        if hasattr(config, name):
            delattr(config, name)
    if scoring is not None:
        config.sentence_transformers = {"activation_fn": _ACTIVATIONS[scoring]}
