"""Which outputs of a graph are the answer for a task, and what of them belongs to each text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TOKEN_CLASSIFICATION,
)
from edgebert.records.profile import TOKENS_PER_RUN
from edgebert.runtimes.answers import Array
from edgebert.runtimes.encoding import MicroBatch

_LOGITS_BYTES = 64_000_000
"""Logits of one run of a fill-mask graph: a vocabulary of 250,000 gives 1 MB a token."""


def answer_outputs(task: str) -> tuple[str, ...]:
    """Names of the outputs that an answer is made of."""
    if task == EMBEDDINGS:
        return ("sentence_embedding",)
    return ("start_logits", "end_logits") if task == QUESTION_ANSWERING else ("logits",)


def joined(task: str, results: Sequence[Array]) -> Array:
    """The outputs of `answer_outputs` as one array; start and end become its last axis."""
    return np.stack(results, axis=-1) if task == QUESTION_ANSWERING else results[0]


def rows_of(
    task: str, batch: MicroBatch, answer: Array, mask_id: int | None
) -> Iterator[tuple[int, Array]]:
    """Each text's place in the caller's list, and its part of the answer.

    Args:
        task: of the graph.
        batch: the texts that ran.
        answer: what `joined` gave for them.
        mask_id: token id of the mask, for fill-mask.
    """
    for position, encoding, row in zip(batch.positions, batch.encodings, answer, strict=False):
        if task == FILL_MASK:  # a copy, because a view would keep all other tokens alive
            yield position, row[places_of(encoding.ids, mask_id)]
        elif task in (TOKEN_CLASSIFICATION, QUESTION_ANSWERING):
            yield position, row[: len(encoding)]
        else:
            yield position, row


def places_of(ids: Iterable[int], mask_id: int | None) -> list[int]:
    """Where the mask stands among the tokens."""
    return [place for place, token in enumerate(ids) if token == mask_id]


def tokens_per_run(task: str, vocabulary: int, most: int = TOKENS_PER_RUN) -> int:
    """Tokens in one micro-batch; fewer where each of them has a row of logits."""
    if task != FILL_MASK:
        return most
    return max(1, min(most, _LOGITS_BYTES // (4 * vocabulary)))
