"""From a teacher's vectors to the rows of a table: fewer dimensions, and a weight for each token.

Tulkens & van Dongen 2024, "Model2Vec: Fast State-of-the-Art Static Embeddings": the vectors of the
tokens alone, the directions in which they differ most, and less of what is frequent.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor

_COUNTED, _BY_RANK = 1e-3, 1e-4
"""The share of all tokens at which a token counts half, where it is counted and where it is guessed."""

_SHARE_OF_TOKENS = 1e-3
"""Weight of the tokens' directions beside those of texts: they decide where few texts leave it open."""


def directions(tokens: Tensor, texts: Tensor | None, dimensions: int) -> Tensor:
    """The directions that hold most of what is embedded, float32 [width, dimensions].

    Args:
        tokens: vectors of the vocabulary, [tokens, width].
        texts: vectors of texts, [texts, width], whose cosines are what a projection should keep: they
            are not centred, as cosines are not.
        dimensions: how many.
    """
    moment = _moment(tokens - tokens.mean(dim=0))
    if texts is not None:
        moment = _moment(unit(texts)) + _SHARE_OF_TOKENS * moment / moment.trace()
    order: Tensor = torch.linalg.eigh(moment).eigenvectors.flip(1)  # by how much they hold
    return order[:, :dimensions].float()


def table_rows(tokens: Tensor, onto: Tensor, counts: Tensor | None) -> Tensor:
    """A row for each token, float32 [tokens, dimensions], of length 1 on average.

    Smooth inverse frequency (Arora et al. 2017, "A Simple but Tough-to-Beat Baseline for Sentence
    Embeddings"): a token whose share of all is p is weighted by a / (a + p).

    Args:
        tokens: vectors of the vocabulary, [tokens, width].
        onto: the directions, [width, dimensions].
        counts: how often each token was seen; without it, by Zipf's law, the first ids are taken for
            the most frequent, as vocabularies are made.
    """
    if counts is None:
        share = 1 / torch.arange(2, len(tokens) + 2, dtype=torch.float64)
        half = _BY_RANK
    else:
        share, half = counts.double() + 1, _COUNTED
    weights = half / (half + share / share.sum())
    rows = (tokens - tokens.mean(dim=0)) @ onto * weights[:, None].float()
    return rows / rows.square().sum(dim=1).mean().sqrt().clamp(min=1e-12)


def count_tokens(texts: Sequence[Sequence[int]], tokens: int) -> Tensor:
    """How often each token id stands in texts, int64 [tokens]."""
    ids = torch.tensor(list(chain.from_iterable(texts)), dtype=torch.int64)
    return torch.bincount(ids, minlength=tokens)


def unit(vectors: Tensor) -> Tensor:
    """Each row at length 1."""
    return torch.nn.functional.normalize(vectors, dim=1)


def _moment(vectors: Tensor) -> Tensor:
    """The mean of the outer products of the rows, float64 [width, width]."""
    vectors = vectors.double()
    return vectors.T @ vectors / len(vectors)
