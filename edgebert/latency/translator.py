"""A bundle that writes, as our runtime runs it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from edgebert.data import Text
from edgebert.latency.rounds import Call
from edgebert.latency.shapes import Shape, random_inputs
from edgebert.runtimes import Model


class LoadedTranslator:
    """A `LoadedModel` that translates greedily."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @property
    def provider(self) -> str:
        return self.model.provider

    def on_shape(self, shape: Shape) -> Call:
        return self._writing(shape, shape.length)

    def on_first_token(self, shape: Shape) -> Call | None:
        return self._writing(shape, 1)

    def on_texts(self, texts: Sequence[Text]) -> Call:
        return partial(self.model.translate, single_texts(texts))

    def token_counts(self, texts: Sequence[Text]) -> list[int]:
        return self.model.count_tokens(single_texts(texts))

    def _writing(self, shape: Shape, tokens: int) -> Call:
        rows, known = self.model.manifest.embedding_rows, self.model.tokenizer.get_vocab_size()
        ids = random_inputs(min(known, rows or known), ["input_ids"], shape)["input_ids"]
        return partial(self.model.written, ids, tokens=tokens)


def single_texts(texts: Sequence[Text]) -> list[str]:
    """The texts, and of pairs the first ones, of which the second ones are translations."""
    return [text if isinstance(text, str) else text[0] for text in texts]
