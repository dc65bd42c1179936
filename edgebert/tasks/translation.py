"""Translation: a text in one language, written in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from edgebert.arrays import Array
from edgebert.records.manifest import DECODER, ENCODER
from edgebert.tasks.answers import Answers
from edgebert.tasks.base import Task
from edgebert.tasks.terms import AnswersTexts, Changes, Doubles
from edgebert.tasks.translations import Candidate, Translated
from edgebert.text.encoding import Text

if TYPE_CHECKING:
    from edgebert.data.examples import Examples

TRANSLATION = "translation"


class Translates(Protocol):
    """A model that translates. `edgebert.runtimes.Model` is one."""

    def translate(self, texts: list[str], *, progress: bool = False) -> list[Translated]:
        """The translation of each text, as `edgebert.runtimes.Model.translate` gives it."""
        ...


class Translation(Task):
    """An encoder reads a text, and a decoder writes another, a token at a time."""

    name = TRANSLATION
    verb = command = "translate"
    graphs = (ENCODER, DECODER)
    model_type = "edgebert-translation"
    over_vocabulary = True
    columns = MappingProxyType({"translation": "text", "score": "number"})
    saved_key = "translation"
    saved_as_text = True
    writes = True
    decisions = "next tokens"
    distance = "share of next tokens that differ"

    def compared_texts(self, examples: Examples, mask_token: str | None) -> tuple[Text, ...]:
        """The sources alone."""
        return tuple(text if isinstance(text, str) else text[0] for text in examples.texts)

    def sides(self, text: Text) -> tuple[Text, ...]:
        return (text,) if isinstance(text, str) else text[:1]

    def ask(
        self,
        model: AnswersTexts,
        texts: Sequence[Text],
        *,
        aggregation: str,
        allow_no_answer: bool,
        progress: bool = False,
    ) -> Answers:
        written = tuple(cast(Translates, model).translate(list(map(str, texts)), progress=progress))
        return Answers(None, answers=tuple(one.text for one in written), translated=written)

    def disagreement(
        self,
        before: Answers,
        after: Answers,
        *,
        scorings: tuple[str, str],
        multi_label: bool,
        decides: bool,
    ) -> tuple[Doubles, Changes | None]:
        """By next tokens; of saved translations, which have none, 1 - F1 of the words."""
        from edgebert.measures.squad import answer_disagreement  # which no app needs

        if before.next_tokens is None or after.next_tokens is None:
            assert before.answers is not None and after.answers is not None
            return answer_disagreement(before.answers, after.answers)[0], None
        changes = np.asarray(
            [
                one.changes(other)
                for one, other in zip(before.next_tokens, after.next_tokens, strict=True)
            ],
            np.int64,
        ).reshape(-1, 2)
        return changes[:, 0] / np.maximum(changes[:, 1], 1), changes

    def require_gold(self, examples: Examples, *, gives_score: bool) -> None:
        from edgebert.measures.bleu import sacrebleu

        examples.require_translations()
        sacrebleu()

    def columns_of(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        several = (options.get("n_best") or 1) > 1
        return {**self.columns, "candidates": "records"} if several else self.columns

    def row(self, answer: Translated) -> dict[str, Any]:
        best = Candidate(answer.text, answer.score)
        row: dict[str, Any] = {"translation": best.text, "score": best.score}
        if answer.others is not None:
            row["candidates"] = [asdict(one) for one in (best, *answer.others)]
        return row

    def golden_distance(self, answer: Array, promised: Any) -> float:
        """The largest difference of a log-probability, up to the first token that is another.

        Where two tokens are about as likely, rounding chooses, and all that follows differs; what
        was chosen is then about as likely on both sides.
        """
        a, b = (np.asarray(one, np.float64).reshape(-1, 2) for one in (answer, promised))
        both = min(len(a), len(b))
        others = np.flatnonzero(a[:both, 0] != b[:both, 0])
        if not others.size and len(a) != len(b):
            return float("inf")
        end = int(others[0]) + 1 if others.size else both
        distance = float(np.abs(a[:end, 1] - b[:end, 1]).max(initial=0.0))
        return distance if np.isfinite(distance) else float("inf")

    def call(self, labels: Sequence[str], mask_token: str | None) -> str:
        return f'model.{self.verb}("a sentence").text'
