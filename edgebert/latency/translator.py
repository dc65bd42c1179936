"""A bundle that writes, as our runtime runs it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import tokenizers

from edgebert.data import Text
from edgebert.latency.rounds import Call
from edgebert.latency.shapes import Shape, random_inputs
from edgebert.runtimes import Model
from edgebert.runtimes.translation.graphs import TranslatorGraphs
from edgebert.runtimes.translation.growing import GrowingTargets, Sown
from edgebert.runtimes.translation.options import TranslationOptions
from edgebert.runtimes.translation.search import Ended

_NO_TOKEN = -1
"""What ends a target that is to have a certain length."""


@dataclass(frozen=True)
class _Source:
    """Token ids, as an encoding of a text has them."""

    ids: list[int]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def attention_mask(self) -> list[int]:
        return [1] * len(self.ids)

    @property
    def type_ids(self) -> list[int]:
        return [0] * len(self.ids)


class LoadedTranslator:
    """A `LoadedModel` that translates, following so many targets of a sentence side by side."""

    def __init__(self, model: Model, beam: int) -> None:
        translator = model.translator
        assert translator is not None  # of a bundle that writes
        self.model = model
        self._options = translator.translating(beam=beam).options
        self._graphs = copy(translator.graphs)
        self._graphs.writing = replace(translator.writing, end_id=_NO_TOKEN)
        self._callers = ThreadPoolExecutor(self._graphs.callers)

    @property
    def provider(self) -> str:
        return self.model.provider

    def on_shape(self, shape: Shape) -> Call:
        return partial(self._write, self._sources(shape), shape.length)

    def on_first_token(self, shape: Shape) -> Call | None:
        return partial(self._write, self._sources(shape), 1)

    def on_texts(self, texts: Sequence[Text]) -> Call:
        return partial(self.model.translate, single_texts(texts), beam=self._options.beam)

    def token_counts(self, texts: Sequence[Text]) -> list[int]:
        return self.model.count_tokens(single_texts(texts))

    def _sources(self, shape: Shape) -> list[_Source]:
        rows, known = self.model.manifest.embedding_rows, self.model.tokenizer.get_vocab_size()
        ids = random_inputs(min(known, rows or known), ["input_ids"], shape)["input_ids"]
        return [_Source(row) for row in ids.tolist()]

    def _write(self, sources: Sequence[_Source], tokens: int) -> None:
        """Write so many tokens of each target, the sources shared out over the callers."""
        callers = self._graphs.callers
        shares = [share for first in range(callers) if (share := sources[first::callers])]
        list(self._callers.map(partial(_written, self._graphs, self._options, tokens), shares))


def _written(
    graphs: TranslatorGraphs, options: TranslationOptions, tokens: int, sources: Sequence[_Source]
) -> None:
    growing = GrowingTargets[int](graphs, options.beam, options.beam * len(sources))
    read = graphs.read(cast(Sequence[tokenizers.Encoding], sources))
    growing.sow([Sown(n, one, Ended(options, tokens, _NO_TOKEN)) for n, one in enumerate(read)])
    while len(growing):
        growing.step()


def single_texts(texts: Sequence[Text]) -> list[str]:
    """The texts, and of pairs the first ones, of which the second ones are translations."""
    return [text if isinstance(text, str) else text[0] for text in texts]
