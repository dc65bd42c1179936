"""A narrower model of the weights of a wider one.

After Samragh et al. 2023, "Weight subcloning: direct initialization of transformers using larger
pretrained ones": the parts that carry most are kept, and a product over fewer numbers is scaled up, so
that its results vary as much as before.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from edgebert.errors import CheckpointError, InputError
from edgebert.training.loop.device import training_device

_INNER = ("intermediate_size", "hidden_dim", "ffn_dim")
"""How configurations call the width of a feed-forward layer."""

_BY_HEAD = "in_proj"
"""What DeBERTa calls the product in which query, key and value of a head stand together."""


@dataclass(frozen=True)
class _Widths:
    """Sizes of a model's axes."""

    hidden: int
    heads: int
    inner: int

    @classmethod
    def of(cls, config: PretrainedConfig) -> _Widths:
        return cls(config.hidden_size, config.num_attention_heads, getattr(config, _inner(config)))


def narrow(model: PreTrainedModel, hidden: int) -> tuple[PreTrainedModel, Tensor]:
    """A copy whose hidden states have fewer numbers; heads and feed-forward layers shrink alike.

    Whole blocks as wide as a head are kept, the same of hidden states and of attention, so that a
    head stays what it was: those that the weights read most of. Of feed-forward neurons those with
    the largest weights stay.

    Args:
        model: stays as it is.
        hidden: the width, some heads wide.

    Returns:
        The copy, and which hidden numbers it has, int64 [hidden].

    Raises:
        InputError: it would be no narrower, or no whole heads wide.
        CheckpointError: a model whose weights are not laid out so.
    """
    wide = _Widths.of(model.config)
    config = _narrower(model.config, hidden, wide)
    narrower = type(model)(config)
    weights = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
    kept = _Kept.of(weights, wide, _Widths.of(config))
    products = {f"{n}.weight" for n, of in model.named_modules() if isinstance(of, nn.Linear)}
    try:
        cut = {
            name: kept.of_weight(name, weights[name], tensor.shape, is_product=name in products)
            for name, tensor in narrower.state_dict().items()
        }
    except _OtherLayoutError as error:
        raise CheckpointError(
            f"{model.config.model_type} cannot be made narrower: {error} is not laid out as in a "
            "plain BERT; choose --layers alone"
        ) from error
    narrower.load_state_dict(cut)
    return narrower.to(training_device()), kept.dims


def _narrower(config: PretrainedConfig, hidden: int, wide: _Widths) -> PretrainedConfig:
    """The configuration of a model of another width.

    Raises:
        InputError: that is no multiple of a head's width, or no smaller.
    """
    head = wide.hidden // wide.heads
    if not head <= hidden < wide.hidden or hidden % head:
        raise InputError(
            f"--hidden {hidden}: the model is {wide.hidden} wide and has heads of {head}: choose a "
            f"multiple of {head} below {wide.hidden}"
        )
    smaller = copy.deepcopy(config)
    smaller.hidden_size, smaller.num_attention_heads = hidden, hidden // head
    setattr(smaller, _inner(config), wide.inner * hidden // wide.hidden)
    for name in ("embedding_size", "pooler_hidden_size"):
        if getattr(config, name, None) == wide.hidden:
            setattr(smaller, name, hidden)
    return smaller


def _inner(config: PretrainedConfig) -> str:
    """How the configuration calls the width of a feed-forward layer."""
    for name in _INNER:
        if hasattr(config, name):
            return name
    raise CheckpointError(
        f"{config.model_type} does not say how wide its feed-forward layers are, so it cannot be "
        "made narrower; choose --layers alone"
    )


class _OtherLayoutError(Exception):
    """A weight with an axis that is none of hidden numbers, heads and neurons."""


@dataclass(frozen=True)
class _Kept:
    """What stays of each kind of axis, ascending.

    Attributes:
        wide: sizes before.
        heads: int64 [heads].
        dims: hidden numbers, int64 [hidden].
        neurons: of the feed-forward layer of each layer, by its number, int64 [inner].
    """

    wide: _Widths
    heads: Tensor
    dims: Tensor
    neurons: Mapping[str, Tensor]

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], wide: _Widths, narrow: _Widths) -> _Kept:
        head = wide.hidden // wide.heads
        read = torch.zeros(wide.hidden)
        strength: dict[str, Tensor] = defaultdict(lambda: torch.zeros(wide.inner))
        for name, weight in weights.items():
            if weight.dim() != 2 or not weight.is_floating_point():
                continue
            if weight.shape[1] == wide.hidden:
                read += weight.float().square().sum(dim=0)
            for axis in (0, 1):
                if weight.shape[axis] == wide.inner:
                    strength[_layer_of(name)] += weight.float().square().sum(dim=1 - axis)
        heads = read.reshape(-1, head).sum(dim=1).topk(narrow.heads).indices.sort().values
        dims = (heads[:, None] * head + torch.arange(head)).flatten()
        neurons = {
            layer: found.topk(narrow.inner).indices.sort().values
            for layer, found in strength.items()
        }
        return cls(wide, heads, dims, neurons)

    def of_weight(
        self, name: str, weight: Tensor, shape: torch.Size, *, is_product: bool
    ) -> Tensor:
        """What stays of a weight, in the shape that it has in the narrower model.

        Args:
            name: of the weight.
            weight: as it was.
            shape: as it is to be.
            is_product: whether its second axis is summed over.

        Raises:
            _OtherLayoutError: an axis of unknown kind.
        """
        if weight.dim() != len(shape) or _BY_HEAD in name:
            raise _OtherLayoutError(name)
        for axis, (old, new) in enumerate(zip(weight.shape, shape, strict=True)):
            if old != new:
                before = weight.float()
                weight = weight.index_select(axis, self._places(name, old, new))
                if is_product and axis == 1:
                    weight = weight * (before.norm() / weight.float().norm().clamp(min=1e-12))
        return weight.contiguous()

    def _places(self, name: str, old: int, new: int) -> Tensor:
        """Which places of an axis stay."""
        wide, neurons = self.wide, self.neurons.get(_layer_of(name), torch.empty(0))
        kinds = {
            wide.heads: self.heads,
            3 * wide.hidden: torch.cat([self.dims + part * wide.hidden for part in range(3)]),
            2 * wide.inner: torch.cat([neurons + part * wide.inner for part in range(2)]),
            wide.inner: neurons,
            wide.hidden: self.dims,
        }
        places = kinds.get(old)
        if places is None or len(places) != new:
            raise _OtherLayoutError(name)
        return places


def _layer_of(name: str) -> str:
    """The number of the layer that a weight belongs to; "" outside of them."""
    found = re.search(r"\.(\d+)\.", name)
    return found[1] if found else ""
