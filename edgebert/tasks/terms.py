"""The terms in which tasks say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.text.encoding import Text
from edgebert.text.long_texts import Whole

Doubles = npt.NDArray[np.float64]
Changes = npt.NDArray[np.int64]

LONGEST_FIRST, ONLY_SECOND = "longest_first", "only_second"
"""How a tokenizer cuts a pair that is too long, by its own names."""

PER_TEXT, PER_TOKEN, PER_MASK = "text", "token", "mask"
"""Of what a text's output has a row: of itself, of each token, of each word to guess."""

AS_GIVEN, POOLED, LEXICAL = "as given", "pooled", "lexical"
"""How outputs are made of a model: by the names that transformers gives them; of token vectors,
pooled; of logits over a vocabulary, as weights of its pieces (see `tasks.sparse`)."""

COLUMN_TYPES = ("text", "texts", "number", "integer", "integers", "floats", "scores", "records")

LOGITS, SHARED_HIDDEN = "logits", "last_hidden_state"
"""Names of outputs: of a head, and the vector of each token."""


LOGITS_BYTES = 64_000_000
"""Logits over a vocabulary in one run, or kept at a time: 250,000 pieces give 1 MB a token."""


class AnswersTexts(Protocol):
    """A model that texts run through. `edgebert.runtimes.Model` is one."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Raw output for each text, as `edgebert.runtimes.Model.outputs` gives it."""
        ...

    def wholes(self, texts: Sequence[Text], *, progress: bool = False) -> list[Whole[Any]]:
        """All of each text in parts that overlap, as `edgebert.runtimes.Model.wholes` gives it."""
        ...
