"""Embeddings whose first numbers are embeddings by themselves.

Kusupati et al. 2022, "Matryoshka Representation Learning".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from edgebert.errors import InputError
from edgebert.records.trained import LOSS
from edgebert.training.loop.objective import Scores


@dataclass(frozen=True)
class Prefixes:
    """To how many numbers embeddings are cut when they are learned and examined.

    Attributes:
        dims: the lengths, each with the same weight; none where the whole alone counts.
    """

    dims: tuple[int, ...] = ()

    @classmethod
    def of(cls, dims: Sequence[int], width: int) -> Prefixes:
        """These lengths, the longest first, of embeddings of `width` numbers.

        Raises:
            InputError: one that embeddings do not have, or that is named twice.
        """
        for dim in dims:
            if not 1 <= dim <= width:
                raise InputError(
                    f"--matryoshka {dim}: the embeddings of this model have {width} numbers, so "
                    f"choose from 1 to {width}"
                )
            if list(dims).count(dim) > 1:
                raise InputError(f"--matryoshka names {dim} twice")
        return cls(tuple(sorted(dims, reverse=True)))

    def loss(self, loss: Callable[..., Tensor], *embeddings: Tensor) -> Tensor:
        """The sum of a loss over all lengths, in float32 even where the model runs in bfloat16.

        Args:
            loss: of as many embeddings [rows, dim], whose length in space it does not look at.
            embeddings: float32 [rows, width].
        """
        with torch.autocast(embeddings[0].device.type, enabled=False):
            if not self.dims:
                return loss(*embeddings)
            parts = [loss(*(rows[:, :dim] for rows in embeddings)) for dim in self.dims]
            return torch.stack(parts).sum()

    def metrics(self, names: Sequence[str]) -> tuple[str, ...]:
        """Names of metrics of the whole embeddings, then of those of each length."""
        return (*names, *(f"{name}_{dim}" for dim in self.dims for name in names))

    def scores(self, measure: Callable[..., Scores], loss: float, *embeddings: Tensor) -> Scores:
        """What `metrics` names, of whole embeddings and of those of each length, and the loss."""
        scores = measure(*embeddings)
        for dim in self.dims:
            cut = measure(*(rows[:, :dim] for rows in embeddings))
            scores |= {f"{name}_{dim}": value for name, value in cut.items()}
        return {**scores, LOSS: loss}
