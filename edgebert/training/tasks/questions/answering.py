"""Question answering: where in a context the answer starts and ends.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding", sections 4.2 and 4.3. A long context is read in windows that overlap, each beside the
question; where a window does not hold the whole answer, its first token is the right one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples, Text
from edgebert.data.questions import span_of_answer
from edgebert.errors import InputError
from edgebert.measures.squad import exact_match, token_f1
from edgebert.records.trained import LOSS
from edgebert.tasks.questions import context_spans, read_answer
from edgebert.text.long_texts import Whole
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.tasks.encoding import Encoded, predict
from edgebert.training.tasks.questions.context_reader import (
    ContextReader,
    Pair,
    Window,
    pairs_of_questions,
    shortened,
)

NOT_HERE = 0
"""The token that is the right one where a window does not hold the answer: the first."""


@dataclass(frozen=True)
class AnsweredQuestions:
    """Questions and contexts in windows, and where the answers are.

    Attributes:
        encoded: the windows of all questions, one after the other.
        targets: int64 [windows, 2], the first and the last token of the answer.
        pairs: the questions with their contexts.
        answers: the right ones of each question; none where it has none.
    """

    encoded: Encoded
    targets: Tensor
    pairs: tuple[Pair, ...]
    answers: tuple[tuple[str, ...], ...]
    reader: ContextReader

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    @property
    def metrics(self) -> tuple[str, ...]:
        """SQuAD's; where questions without an answer are among them, of both kinds apart too."""
        parts = ("has_answer_f1", "has_answer_exact_match", "no_answer_accuracy")
        return ("f1", "exact_match", *(parts if self._some_impossible else ()))

    @property
    def _some_impossible(self) -> bool:
        return not all(self.answers)

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        def total(rows: list[int]) -> Tensor:
            batch = self.encoded.batch(rows)
            padding = batch["attention_mask"][..., None] == 0
            logits = span_logits(model(**batch)).masked_fill(padding, -torch.inf)
            return self.logits_loss(logits, rows)

        return step.mean(total)

    def logits_loss(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """Summed loss of [rows, tokens, 2], in which padding has no probability."""
        return span_loss(logits, self.targets[list(rows)].to(logits.device))

    def scores(self, model: PreTrainedModel) -> Scores:
        """F1 and exact match of the answers that the runtime would give, and the mean loss."""
        found = predict(model, self.encoded, lambda batch: span_logits(model(**batch)))
        windows = _unpadded(found, self.lengths)
        total = sum(
            float(span_loss(row[None], target[None]))
            for row, target in zip(windows, self.targets, strict=True)
        )
        return self._measured(self.read(windows)) | {LOSS: total / len(windows)}

    def read(self, logits: Sequence[Tensor]) -> list[str]:
        """The answer to each question, decoded as a bundle of the model does."""
        rows = iter(logits)
        wholes = (
            Whole(pair, windows, [next(rows).numpy() for _ in windows])
            for pair, windows in zip(self.pairs, self.reader.windows(self.pairs), strict=True)
        )
        return [read_answer(one, allow_no_answer=self._some_impossible).text for one in wholes]

    def _measured(self, found: Sequence[str]) -> Scores:
        pairs = list(zip(found, self.answers, strict=True))
        f1 = [token_f1(*pair) for pair in pairs]
        exact = [exact_match(*pair) for pair in pairs]
        scores = {"f1": _points(f1), "exact_match": _points(exact)}
        if self._some_impossible:
            there = [bool(answers) for answers in self.answers]
            scores["has_answer_f1"] = _points([f for f, has in zip(f1, there, strict=True) if has])
            right = list(zip(exact, there, strict=True))
            scores["has_answer_exact_match"] = _points([e for e, has in right if has])
            scores["no_answer_accuracy"] = _points([e for e, has in right if not has])
        return scores


def span_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of the cross entropies of start and end, summed over rows.

    Args:
        logits: float32 [rows, tokens, 2].
        targets: int64 [rows, 2].
    """
    return cross_entropy(logits, targets, reduction="sum") / 2


def encode_questions(
    examples: Examples, *, tokenizer: PreTrainedTokenizerBase
) -> AnsweredQuestions:
    """Encode questions with their contexts, and find their answers there.

    Raises:
        InputError: no answers at all, one that its context does not hold, or a question that leaves
            no room for its context.
    """
    answers = examples.require_answers()
    pairs = pairs_of_questions(examples.texts)
    reader = ContextReader.of(tokenizer)
    reader.refuse_long_questions(examples, pairs)
    targets: list[tuple[int, int]] = []

    def read() -> Iterator[Window]:
        for row, windows in enumerate(reader.windows(pairs)):
            targets.extend(_targets(examples, row, windows))
            yield from windows

    encoded = reader.encode(read())
    return AnsweredQuestions(encoded, torch.tensor(targets), pairs, answers, reader)


def answer_questions(
    texts: Sequence[Text], taught: Sequence[Tensor], *, tokenizer: PreTrainedTokenizerBase
) -> AnsweredQuestions:
    """Questions with the answers that a teacher's logits are, [tokens, 2] of each window.

    Raises:
        InputError: texts that are no pairs, or no answers, and a student that finds none would agree.
    """
    reader, pairs = ContextReader.of(tokenizer), pairs_of_questions(texts)
    encoded = reader.encode(chain.from_iterable(reader.windows(pairs)))
    taught = _unpadded(taught, encoded.lengths)
    targets = torch.stack([logits.argmax(dim=0) for logits in taught])
    nothing = AnsweredQuestions(encoded, targets, pairs, ((),) * len(pairs), reader)
    found = nothing.read(taught)
    if not any(found):
        raise InputError(
            "the teacher finds no answer in the texts of --dev, so nothing tells a good student: "
            "give questions that it answers, or leave --dev out"
        )
    return replace(nothing, answers=tuple((text,) if text else () for text in found))


def _targets(examples: Examples, row: int, windows: Sequence[Window]) -> list[tuple[int, int]]:
    """First and last token of the answer in each window of a context."""
    context = examples.texts[row][1]
    answer = _place_of(examples, row)
    if answer is None:
        return [(NOT_HERE, NOT_HERE)] * len(windows)
    spans = [context_spans(context, window) for window in windows]
    places = [_touched(of_window, answer) for of_window in spans]
    if not any(places):
        raise InputError(
            f"{examples.where(row)}: the tokenizer leaves nothing of the answer "
            f"{context[slice(*answer)]!r}"
        )
    last = len(windows) - 1
    return [
        (found[0], found[-1])
        if found and _is_whole(of_window, answer, first=i == 0, last=i == last)
        else (NOT_HERE, NOT_HERE)
        for i, (of_window, found) in enumerate(zip(spans, places, strict=True))
    ]


Spans = Sequence[tuple[int, int] | None]


def _place_of(examples: Examples, row: int) -> tuple[int, int] | None:
    """The characters of the context that answer a question; None where it has no answer.

    Of several answers it is the first that stands in the context.

    Raises:
        InputError: none of them does.
    """
    answers = (examples.answers or ())[row]
    starts = examples.answer_starts[row] if examples.answer_starts else (None,) * len(answers)
    context = examples.texts[row][1]
    for answer, start in zip(answers, starts, strict=True):
        place = span_of_answer(context, answer, start)
        if place is not None:
            return place
    if not answers:
        return None
    raise InputError(
        f"{examples.where(row)}: the context does not hold the answer {shortened(answers[0])!r}"
    )


def _touched(spans: Spans, answer: tuple[int, int]) -> list[int]:
    """Tokens that share a character with the answer."""
    return [
        place
        for place, span in enumerate(spans)
        if span and span[0] < span[1] and span[0] < answer[1] and answer[0] < span[1]
    ]


def _is_whole(spans: Spans, answer: tuple[int, int], *, first: bool, last: bool) -> bool:
    """Whether a window holds all of an answer that it holds some of."""
    standing = [span for span in spans if span and span[0] < span[1]]
    begins = first or standing[0][0] <= answer[0]
    return begins and (last or answer[1] <= standing[-1][1])


def span_logits(output: Any) -> Tensor:
    """A reader's logits of where an answer starts and where it ends, float32 [rows, tokens, 2]."""
    return torch.stack([output.start_logits, output.end_logits], dim=-1).float()


def _unpadded(rows: Sequence[Tensor], lengths: Sequence[int]) -> list[Tensor]:
    return [row[:length] for row, length in zip(rows, lengths, strict=True)]


def _points(values: Sequence[float]) -> float:
    return 100 * sum(values) / max(1, len(values))
