"""Puts heads for labels and scores on checkpoints, as a training file and the options say."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

from torch import nn
from transformers import PreTrainedModel

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.tasks.classification import REGRESSION
from edgebert.training.models import load_tokenizer
from edgebert.training.options import BALANCED, UNWEIGHTED, FinetuneOptions
from edgebert.training.tasks.classification import MultiLabel, SingleLabel, label_names
from edgebert.training.tasks.drawing import draw
from edgebert.training.tasks.heads import (
    OneLabel,
    Probability,
    YesOrNo,
    balanced_answers,
    balanced_labels,
)
from edgebert.training.tasks.scoring import Relevance, Score
from edgebert.training.tasks.tagging import bio_labels, encode_tagged
from edgebert.training.tasks.task import (
    Task,
    say_scoring,
    text_classification,
    token_classification,
)
from edgebert.training.tasks.texts import TextKind


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


def put_tagger(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """A head for the entities of a file, in the scheme BIO."""
    labels, weights = bio_labels(examples), None
    if options.class_weights == BALANCED:
        tokenizer = load_tokenizer(checkpoint)
        data = encode_tagged(draw(examples, options), tokenizer=tokenizer, labels=labels)
        weights = balanced_labels(data.words, len(labels))
    head = OneLabel(options.label_smoothing, weights)
    return token_classification(checkpoint, labels, head)


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
    say_scoring(task.model.config, kind.scoring)
    return task
