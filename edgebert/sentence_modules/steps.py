"""What makes one vector of a text's token vectors: poolings, then steps in their order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from edgebert.errors import InputError
from edgebert.weight_files import Array, read_array

Pooling = Literal["mean", "cls", "max", "lasttoken", "mean_sqrt_len_tokens", "weightedmean"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
"""Names of the poolings, as sentence-transformers 6 writes them."""

ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "Sigmoid", "SiLU")
"""Classes of torch.nn that may follow a Dense layer."""

WEIGHTS = "model.safetensors"
_BESIDE = "+"


@dataclass(frozen=True)
class Dense:
    """A linear layer and its activation, applied to the vector.

    Attributes:
        activation_function: the torch class as the folder names it; `activation` is its name.
        residual: whether the vector, projected where the width changes, is added to the result.
    """

    folder: Path
    in_features: int
    out_features: int
    bias: bool
    activation_function: str
    residual: bool = False

    @property
    def activation(self) -> str:
        return self.activation_function.rpartition(".")[2]

    def weight(self) -> Array:
        """float32 [out_features, in_features]."""
        return read_array(self.folder / WEIGHTS, "linear.weight")

    def bias_or_zeros(self) -> Array:
        """float32 [out_features]."""
        if not self.bias:
            return 0 * self.weight()[:, 0]
        return read_array(self.folder / WEIGHTS, "linear.bias")

    def residual_weight(self) -> Array | None:
        """float32 [out_features, in_features] of the projection; None where there is none."""
        if not self.residual or self.in_features == self.out_features:
            return None
        return read_array(self.folder / WEIGHTS, "residual.weight")


@dataclass(frozen=True)
class LayerNorm:
    """LayerNorm of the vector, of `dimension` numbers, with torch's epsilon."""

    folder: Path
    dimension: int

    epsilon = 1e-5

    def weight(self) -> Array:
        """float32 [dimension]."""
        return read_array(self.folder / WEIGHTS, "norm.weight")

    def bias(self) -> Array:
        """float32 [dimension]."""
        return read_array(self.folder / WEIGHTS, "norm.bias")


@dataclass(frozen=True)
class Normalize:
    """The vector at length 1."""


@dataclass(frozen=True)
class Truncate:
    """The first `dimension` numbers of the vector, which is what `truncate_dim` says."""

    dimension: int


Step = Dense | LayerNorm | Normalize | Truncate


def pooling_named(name: object) -> Pooling:
    """The pooling of this name.

    Raises:
        InputError: there is none.
    """
    for known in POOLINGS:
        if name == known:
            return known
    raise InputError(f"{name!r} is no pooling that edgebert knows: {', '.join(POOLINGS)}")


@dataclass(frozen=True)
class SentenceModules:
    """What follows the encoder.

    Attributes:
        poolings: some of `POOLINGS`, whose vectors stand side by side.
        steps: what is done to the pooled vector, in this order.
    """

    poolings: tuple[Pooling, ...]
    steps: tuple[Step, ...] = ()

    @property
    def pooling(self) -> str:
        """The poolings in one word: "mean", or "cls+mean" for two side by side."""
        return _BESIDE.join(self.poolings)

    @classmethod
    def pooled_by(cls, pooling: str) -> SentenceModules:
        """No steps, and the poolings of a word.

        Raises:
            InputError: it names a pooling that there is not.
        """
        return cls(tuple(map(pooling_named, pooling.split(_BESIDE))))

    @property
    def dense(self) -> tuple[Dense, ...]:
        return tuple(step for step in self.steps if isinstance(step, Dense))

    @property
    def normalize(self) -> bool:
        """Whether vectors have length 1 in the end."""
        return bool(self.steps) and isinstance(self.steps[-1], Normalize)

    @property
    def truncate_dim(self) -> int | None:
        """To how many numbers vectors are cut in the end."""
        last = self.steps[-1] if self.steps else None
        return last.dimension if isinstance(last, Truncate) else None

    @property
    def keeps_zeros(self) -> bool:
        """Whether the vector of a text that is all padding, which is 0, stays 0."""
        return not any(isinstance(step, Dense | LayerNorm) for step in self.steps)
