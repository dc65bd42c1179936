"""What makes one vector of a text's token vectors, in PyTorch."""

from __future__ import annotations

from typing import assert_never

import torch

from edgebert.checkpoint.checkpoint import Checkpoint
from edgebert.sentence_modules import (
    Dense,
    LayerNorm,
    Normalize,
    Pooling,
    SentenceModules,
    Step,
    Truncate,
)

_PLACE = 2.0**-9
"""By what places are multiplied, without rounding: sums of those of long texts are no fp16."""


class SentenceHead(torch.nn.Module):
    """Makes one vector of each text's token vectors: poolings, then the steps in their order."""

    def __init__(self, modules: SentenceModules) -> None:
        super().__init__()
        self.poolings = modules.poolings
        self.steps = torch.nn.Sequential(*map(_step_module, modules.steps))

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> SentenceHead:
        return cls(checkpoint.modules or SentenceModules(("mean",)))

    def forward(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Embeddings, float [texts, width].

        Args:
            hidden: float [texts, tokens, hidden].
            attention_mask: int64 [texts, tokens].
        """
        pooled = [pool(hidden, attention_mask, pooling) for pooling in self.poolings]
        embeddings: torch.Tensor = self.steps(
            torch.cat(pooled, 1) if len(pooled) > 1 else pooled[0]
        )
        return embeddings


def pool(hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: Pooling) -> torch.Tensor:
    """Pool float [texts, tokens, hidden] to [texts, hidden]; a row that is all padding gives 0.

    Args:
        hidden: token vectors.
        attention_mask: int64 [texts, tokens].
        pooling: one of `edgebert.sentence_modules.POOLINGS`; cls is the first token that is not
            masked, and weightedmean counts a token by its place from that one on.
    """
    match pooling:
        case "mean" | "mean_sqrt_len_tokens":
            real = _real(attention_mask, hidden.dtype)
            count = real.sum(dim=1).clamp(min=1.0)
            return (hidden * real).sum(dim=1) / (count if pooling == "mean" else count.sqrt())
        case "weightedmean":
            weights = _places_from_first(attention_mask, hidden.dtype).unsqueeze(-1)
            return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=_PLACE)
        case "max":
            real = _real(attention_mask, hidden.dtype)
            lowest = torch.finfo(hidden.dtype).min
            highest = hidden.masked_fill(real == 0, lowest).amax(dim=1)
            return highest * real.amax(dim=1)
        case "cls" | "lasttoken":
            real = _real(attention_mask, hidden.dtype)
            place = _first_or_last(attention_mask, last=pooling == "lasttoken")
            chosen = hidden.gather(1, place[:, None, None].expand(-1, 1, hidden.shape[-1]))
            return chosen.squeeze(1) * real.amax(dim=1)
        case _:
            assert_never(pooling)


def _real(attention_mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """1 where a token is real, else 0, [texts, tokens, 1]."""
    return attention_mask.unsqueeze(-1).to(dtype)


def _first_or_last(attention_mask: torch.Tensor, *, last: bool) -> torch.Tensor:
    """Place of the first or last token that is not masked, int64 [texts]."""
    length = attention_mask.shape[1]
    places = torch.arange(length, dtype=torch.int32, device=attention_mask.device)
    rank = places + 1 if last else length - places
    return (attention_mask.to(torch.int32) * rank).argmax(dim=1)


def _places_from_first(attention_mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """1, 2, ... times `_PLACE` from the first real token on, 0 where masked, [texts, tokens]."""
    places = torch.arange(attention_mask.shape[1], dtype=torch.int32, device=attention_mask.device)
    first = _first_or_last(attention_mask, last=False).to(torch.int32)
    counted = (places.unsqueeze(0) - first.unsqueeze(1) + 1) * attention_mask.to(torch.int32)
    return counted.to(dtype) * _PLACE


def _step_module(step: Step) -> torch.nn.Module:
    match step:
        case Dense():
            return _DenseModule(step).requires_grad_(False)
        case LayerNorm():
            norm = torch.nn.LayerNorm(step.dimension, eps=step.epsilon)
            norm.weight.data = torch.from_numpy(step.weight().copy())
            norm.bias.data = torch.from_numpy(step.bias().copy())
            return norm.requires_grad_(False)
        case Truncate():
            return _Cut(step.dimension)
        case Normalize():
            return _UnitLength()
        case _:
            assert_never(step)


class _DenseModule(torch.nn.Module):
    def __init__(self, dense: Dense) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(dense.in_features, dense.out_features)
        self.linear.weight.data = torch.from_numpy(dense.weight().copy())
        self.linear.bias.data = torch.from_numpy(dense.bias_or_zeros().copy())
        self.activation = getattr(torch.nn, dense.activation)()
        self.residual = _residual_module(dense)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.activation(self.linear(vectors))
        return made if self.residual is None else made + self.residual(vectors)


def _residual_module(dense: Dense) -> torch.nn.Module | None:
    weight = dense.residual_weight()
    if weight is None:
        return torch.nn.Identity() if dense.residual else None
    projection = torch.nn.Linear(dense.in_features, dense.out_features, bias=False)
    projection.weight.data = torch.from_numpy(weight.copy())
    return projection


class _UnitLength(torch.nn.Module):
    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(vectors, dim=-1)


class _Cut(torch.nn.Module):
    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.dimension = dimension

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return vectors[:, : self.dimension]
