"""A bundle's decoder beside its encoder, and who works with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tokenizers

from edgebert.arrays import Array
from edgebert.runtimes.batches import InputSpec
from edgebert.runtimes.translation.desk import ROWS, Desk
from edgebert.runtimes.translation.graphs import TranslatorGraphs
from edgebert.runtimes.translation.options import check_options
from edgebert.runtimes.translation.pieces import Source, Targets, Translating, Writer
from edgebert.runtimes.translation.tokenizers_of import TranslatorTokenizers

_TOKENS_AHEAD = 1024
"""Tokens of sentences that are ready before what is there begins: room to sort in."""


class Translator:
    """Writes what a decoder writes; safe to use from any thread.

    Args:
        graphs: of the bundle.
        tokenizers: of its sources and targets.

    Attributes:
        callers: desks at a time.
        tokens_per_run: tokens of sentences that one desk begins with, about.
    """

    def __init__(self, graphs: TranslatorGraphs, tokenizers: TranslatorTokenizers) -> None:
        self.graphs = graphs
        self.tokenizers = tokenizers
        self.writing = graphs.writing
        self.callers = graphs.callers
        self.tokens_per_run = _TOKENS_AHEAD

    @property
    def input_spec(self) -> InputSpec:
        """What the encoder takes."""
        return self.graphs.encoder.input_spec

    def desk(self) -> Desk[Any]:
        """A place for one more caller to work at."""
        return Desk(self.graphs, ROWS)

    def translating(
        self,
        *,
        beam: Any = 1,
        n_best: Any = 1,
        length_penalty: Any = None,
        max_length: Any = None,
    ) -> Translating:
        """How sentences are translated with some options of `Model.translate`.

        Raises:
            InputError: one of them is out of its bounds.
        """
        options = check_options(
            self.writing,
            beam=beam,
            n_best=n_best,
            length_penalty=length_penalty,
            max_length=max_length,
        )
        return Translating(self.tokenizers, options, self.writing.end_id)

    def greedy(self, encodings: Sequence[tokenizers.Encoding]) -> list[Array]:
        """The likeliest token of each step, and its log-probability, of sources as they are.

        Returns:
            Of each float32 [tokens, 2], with the token that ends it, in this thread.
        """
        options = self.translating().options
        desk = self.desk()
        found: list[Array] = [np.zeros((0, 2), np.float32)] * len(encodings)
        left = list(enumerate(encodings))[::-1]
        while left or desk.busy:
            while left and desk.room:
                place, encoding = left.pop()
                desk.put(place, _targets(Source(encoding, options)))
            for place, targets in desk.turn():
                if isinstance(targets, Exception):
                    raise targets
                (target,) = targets
                sums = np.array((0.0, *target.sums), np.float32)
                found[place] = np.stack((np.float32(target.tokens), np.diff(sums)), axis=1)
        return found

    def close(self) -> None:
        """Give memory and threads back, once runs have ended."""
        self.graphs.encoder.close()
        self.graphs.decoder.close()


def _targets(source: Source) -> Writer[Targets]:
    (targets,) = yield [source]
    return targets
