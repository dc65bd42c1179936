"""Question answering: where in a context of any length the answer stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import tokenizers

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.records.manifest import QUESTION_ANSWERING
from edgebert.tasks.answers import Answers
from edgebert.tasks.base import Task
from edgebert.tasks.questions import encode_contexts, read_answer
from edgebert.tasks.terms import ONLY_SECOND, PER_TOKEN, AnswersTexts, Changes, Doubles
from edgebert.text.encoding import Text
from edgebert.text.long_texts import Cut

_QUESTION = "What?"  # short, so that a context fits beside it wherever texts fit at all


if TYPE_CHECKING:
    from edgebert.data.examples import Examples


class Answering(Task):
    """Logits for each token, of where an answer starts and of where it ends."""

    name = QUESTION_ANSWERING
    verb = "answer"
    head = "ForQuestionAnswering"
    auto_class = "AutoModelForQuestionAnswering"
    outputs = ("start_logits", "end_logits")
    told_by = frozenset({"start_logits"})
    truncation = ONLY_SECOND  # a question stays whole
    reads_pairs = True
    reads_whole = True
    rows = PER_TOKEN
    distance = "1 - F1 of the words"
    columns = MappingProxyType(
        {"answer": "text", "score": "number", "start": "integer", "end": "integer"}
    )
    saved_key = "answer"
    saved_as_text = True

    def inputs_of(self, texts: Iterable[Text], mask_token: str | None = None) -> tuple[Text, ...]:
        return tuple((_QUESTION, text) if isinstance(text, str) else text for text in texts)

    def first_parts(
        self, texts: Sequence[Any], tokenizer: tokenizers.Tokenizer, cut: Cut, max_length: int
    ) -> list[tokenizers.Encoding]:
        return encode_contexts([(text[0], text[1]) for text in texts], cut, max_length)

    def joined(self, results: Sequence[Array]) -> Array:
        """Starts and ends become the last axis."""
        return np.stack(results, axis=-1)

    def choices(self, output: Array) -> Array:
        """The choice of the token where the answer starts, and of that where it ends."""
        return output.T

    def ask(
        self,
        model: AnswersTexts,
        texts: Sequence[Text],
        *,
        aggregation: str,
        allow_no_answer: bool,
        progress: bool = False,
    ) -> Answers:
        if any(isinstance(text, str) for text in texts):
            raise InputError("question answering reads pairs: a question and its context")
        wholes = model.wholes(texts, progress=progress)
        found = (read_answer(whole, allow_no_answer=allow_no_answer).text for whole in wholes)
        return Answers(None, answers=tuple(found))

    def disagreement(
        self,
        before: Answers,
        after: Answers,
        *,
        scorings: tuple[str, str],
        multi_label: bool,
        decides: bool,
    ) -> tuple[Doubles, Changes | None]:
        from edgebert.measures.squad import answer_disagreement  # which no app needs

        assert before.answers is not None and after.answers is not None
        return answer_disagreement(before.answers, after.answers)

    def row(self, answer: Any) -> dict[str, Any]:
        """The answer, at its characters of the context."""
        place = {"start": answer.start, "end": answer.end}
        return {"answer": answer.text, "score": answer.score, **place}

    def require_gold(self, examples: Examples, *, gives_score: bool) -> None:
        examples.require_answers()

    def call(self, labels: Sequence[str], mask_token: str | None) -> str:
        return 'model.answer("a question", "the text that answers it")'
