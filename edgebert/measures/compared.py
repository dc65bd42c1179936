"""What measures look at: the answers of two sides to the same texts, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgebert.measures.scores import Scores
from edgebert.records.manifest import COSINE

Array = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Runs = Callable[[], Iterable[tuple[Array, Array]]]
"""Pairs of outputs of the candidate that should be equal, one pair after the other."""


class LabelledSpan(Protocol):
    """Some characters of a text with a label: an entity."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def label(self) -> str: ...


Entities = Sequence[Sequence[LabelledSpan]]
"""Of each text."""


@dataclass(frozen=True)
class Written:
    """What a translator wrote.

    Attributes:
        texts: the translations.
        sentences: how many it wrote.
        unfinished: tokens of those that did not end by their limit; None where that is not known.
    """

    texts: Sequence[str]
    sentences: int = 0
    unfinished: Sequence[Sequence[int]] | None = None


@dataclass(frozen=True, eq=False)
class Compared:
    """Two sides' answers to the same texts; what these answers do not have is None.

    Attributes:
        distances: of each text, float64 [n].
        vectors: embeddings of both sides, float32 [n, dim].
        similarities: what each side compares embeddings by.
        logits: of decisions, on both sides: of each text float32 [labels], [tokens, labels] or
            [masks, vocabulary].
        multi_label: whether a text may have several labels.
        changed: changed and all decisions in each text, int64 [n, 2].
        decisions: what these are of.
        entities: on both sides.
        written: translations, on both sides.
        scores: of each metric, the headline first, on both sides.
        batched: each text of a sample alone, and the same text among others.
        padded: each text of a sample as it is, and with padding behind it.
    """

    distances: Floats
    vectors: tuple[Array, Array] | None = None
    similarities: tuple[str, str] = (COSINE, COSINE)
    logits: tuple[Sequence[Array], Sequence[Array]] | None = None
    multi_label: bool = False
    changed: Integers | None = None
    decisions: str = "labels"
    entities: tuple[Entities, Entities] | None = None
    written: tuple[Written, Written] | None = None
    scores: tuple[tuple[Scores, Scores], ...] = ()
    batched: Runs | None = None
    padded: Runs | None = None
