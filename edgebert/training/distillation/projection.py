"""A teacher's embeddings in fewer numbers, for a student that is narrower."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from edgebert.errors import InputError
from edgebert.training.tasks.task import Task


@dataclass(frozen=True)
class Projection:
    """Onto the directions in which embeddings differ most.

    By their dot products, which therefore change as little as such a projection can change them
    (Eckart & Young 1936); no mean is taken away.

    Attributes:
        directions: float32 [width, fewer].
        unit: whether what comes out has length 1.
    """

    directions: Tensor
    unit: bool

    @classmethod
    def fitted(cls, embeddings: Tensor, student: Task) -> Projection | None:
        """The one for a student of this teacher; None where both have as many numbers.

        Args:
            embeddings: of the texts it learns, float32 [texts, width].
            student: with an embedder.

        Raises:
            InputError: the student has more numbers, or there are too few texts to tell directions.
        """
        assert student.embedder is not None
        width, own = embeddings.shape[1], student.embedder.width(student.model.config.hidden_size)
        if own == width:
            return None
        if own > width:
            raise InputError(
                f"the student's embeddings have {own} numbers and its teacher's {width}: make it "
                f"narrower, --hidden {width} or less"
            )
        if len(embeddings) < own:
            raise InputError(
                f"{len(embeddings)} texts are too few to bring embeddings of {width} numbers down to "
                f"{own}: give at least {own}"
            )
        spread = embeddings.double().T @ embeddings.double()
        directions = torch.linalg.eigh(spread).eigenvectors[:, -own:].flip(1)
        return cls(directions.float(), student.embedder.unit)

    def of(self, embeddings: Tensor) -> Tensor:
        """Embeddings [texts, width] in fewer numbers."""
        projected = embeddings @ self.directions
        return normalize(projected, dim=-1) if self.unit else projected
