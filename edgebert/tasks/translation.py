"""Translation: a text in one language, written in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from edgebert.records.manifest import DECODER, ENCODER
from edgebert.tasks.base import Task
from edgebert.tasks.translations import Candidate, Translated

TRANSLATION = "translation"


class Translation(Task):
    """An encoder reads a text, and a decoder writes another, a token at a time."""

    name = TRANSLATION
    verb = command = "translate"
    graphs = (ENCODER, DECODER)
    model_type = "edgebert-translation"
    over_vocabulary = True
    columns = MappingProxyType({"translation": "text", "score": "number"})

    def columns_of(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        several = (options.get("n_best") or 1) > 1
        return {**self.columns, "candidates": "records"} if several else self.columns

    def row(self, answer: Translated) -> dict[str, Any]:
        best = Candidate(answer.text, answer.score)
        row: dict[str, Any] = {"translation": best.text, "score": best.score}
        if answer.others is not None:
            row["candidates"] = [asdict(one) for one in (best, *answer.others)]
        return row

    def call(self, labels: Sequence[str], mask_token: str | None) -> str:
        return f'model.{self.verb}("a sentence").text'
