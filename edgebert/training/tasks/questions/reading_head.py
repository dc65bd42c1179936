"""A head for where in a context the answer to a question begins and ends."""

from __future__ import annotations

from functools import partial

from transformers import AutoModelForQuestionAnswering

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples
from edgebert.training.models import load_model, load_tokenizer
from edgebert.training.options import FinetuneOptions
from edgebert.training.tasks.questions.answering import answer_questions, encode_questions
from edgebert.training.tasks.questions.asked_spans import ask_questions
from edgebert.training.tasks.task import Task


def put_reader(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """The head that the checkpoint has, or a new one."""
    return _reader(checkpoint)


def open_reader(checkpoint: Checkpoint) -> Task:
    """A trained one."""
    return _reader(checkpoint, trained=True)


def put_reader_like(checkpoint: Checkpoint, other: Checkpoint) -> Task:
    """The head that the checkpoint has, or a new one: all are alike."""
    return _reader(checkpoint)


def _reader(checkpoint: Checkpoint, *, trained: bool = False) -> Task:
    model = load_model(AutoModelForQuestionAnswering, checkpoint, {}, trained=trained)
    tokenizer = load_tokenizer(checkpoint)
    return Task(
        model,
        tokenizer,
        targets="answers",
        encode=partial(encode_questions, tokenizer=tokenizer),
        ask=partial(ask_questions, tokenizer=tokenizer),
        answer=partial(answer_questions, tokenizer=tokenizer),
    )
