"""Attention as we emit it: one fused operator, or a few standard ones.

transformers lets a model take its attention, and the mask for it, from a registry. What we put
there decides the operators of the graph, so there is no pattern that a later release could break.
`edgebert.export.operators.coverage` counts what arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, bidirectional_mask_function

FUSED_ATTENTION = "edgebert_fused"
"""One `com.microsoft.MultiHeadAttention` each. To be traced, not to be run in PyTorch."""

PLAIN_ATTENTION = "edgebert_plain"
"""MatMul and Softmax, which every runtime has."""

MASKED_SCORE = -1e4
"""Added to the score of a masked key: onnxruntime's own value, and finite in half precision."""


class FusedMask(NamedTuple):
    """What the fused operator takes as its mask.

    Attributes:
        keys: int32 [batch, sequence], 1 where a token is real.
        bias: float [1, 1, sequence, sequence] to add to the scores, where a token does not see
            all others.
    """

    keys: torch.Tensor | None
    bias: torch.Tensor | None


def register_attention() -> None:
    """Make our attentions known to transformers."""
    AttentionInterface.register(FUSED_ATTENTION, fused_attention)
    AttentionMaskInterface.register(FUSED_ATTENTION, _fused_mask)
    AttentionInterface.register(PLAIN_ATTENTION, plain_attention)
    AttentionMaskInterface.register(PLAIN_ATTENTION, _additive_mask)


def choose_attention(model: torch.nn.Module, name: str) -> None:
    """Let every part of a model take its attention and masks from the registry under `name`."""
    for module in model.modules():
        config: Any = getattr(module, "config", None)
        if config is not None:
            config._attn_implementation = name


def padding_mask(name: str, attention_mask: torch.Tensor) -> Any:
    """The mask that the attention called `name` takes, for int or bool [batch, sequence]."""
    length = attention_mask.shape[1]
    mask_of: Callable[..., Any] = AttentionMaskInterface()[name]
    return mask_of(attention_mask=attention_mask, q_length=length, kv_length=length)


def fused_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: FusedMask | torch.Tensor | None,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Emit one MultiHeadAttention.

    Args:
        module: the attention layer (part of the interface, not needed).
        query, key, value: float [batch, heads, sequence, head size].
        attention_mask: our mask; or what a model made of it on its own, to be added to the scores
            (float) or kept where true (bool), [batch, 1, 1 or sequence, sequence].
        scaling: factor of the scores; by default 1 / sqrt(head size).
        position_bias: float [1 or batch, heads, sequence, sequence], added to the scores.

    Returns:
        float [batch, sequence, heads, head size], and no attention weights.
    """
    batch, heads, sequence, size = query.shape
    key, value = _repeat_heads(key, heads), _repeat_heads(value, heads)
    mask = attention_mask
    if not isinstance(mask, FusedMask):
        mask = FusedMask(None, None if mask is None else _square(mask, sequence))
    bias = mask.bias if position_bias is None else position_bias
    if mask.bias is not None and position_bias is not None:
        bias = mask.bias + position_bias
    packed = [
        t.transpose(1, 2).reshape(batch, -1, heads * t.shape[-1]) for t in (query, key, value)
    ]
    output: torch.Tensor = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        [*packed, None, mask.keys, bias],
        attrs={"num_heads": heads, "scale": float(size**-0.5 if scaling is None else scaling)},
        dtype=query.dtype,
        shape=(batch, sequence, heads * value.shape[-1]),
        version=1,
    )
    return output.reshape(batch, sequence, heads, value.shape[-1]), None


def plain_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    position_bias: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of standard operators; arguments and result as in `fused_attention`.

    Args:
        attention_mask: float, to be added to the scores, or bool, true where a key is seen.
    """
    heads, size = query.shape[1], query.shape[-1]
    key, value = _repeat_heads(key, heads), _repeat_heads(value, heads)
    scores = query @ key.transpose(2, 3) * (size**-0.5 if scaling is None else scaling)
    for bias in (position_bias, attention_mask):
        if bias is not None:
            scores = scores + _additive(bias)
    return (torch.softmax(scores, dim=-1) @ value).transpose(1, 2), None


def _fused_mask(
    *_: Any,
    attention_mask: torch.Tensor,
    q_length: int,
    kv_length: int,
    mask_function: Callable[..., Any] = bidirectional_mask_function,
    **__: Any,
) -> FusedMask:
    """The mask of keys as it came, and a bias for what the architecture hides on its own."""
    seen = _pattern(mask_function, q_length, kv_length, attention_mask.device)
    bias = None if seen is None else _additive(seen)
    return FusedMask(attention_mask.to(torch.int32), bias)


def _additive_mask(
    *_: Any,
    attention_mask: torch.Tensor,
    q_length: int,
    kv_length: int,
    mask_function: Callable[..., Any] = bidirectional_mask_function,
    **__: Any,
) -> torch.Tensor:
    """Both in one: float [batch, 1, 1 or sequence, sequence], to be added to the scores."""
    mask = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * MASKED_SCORE
    seen = _pattern(mask_function, q_length, kv_length, attention_mask.device)
    # the lower of the two, not their sum: a key hidden twice is as hidden as one hidden once
    return mask if seen is None else torch.minimum(mask, _additive(seen))


def _pattern(
    mask_function: Callable[..., Any], q_length: int, kv_length: int, device: torch.device
) -> torch.Tensor | None:
    """Which keys a query sees by their places alone, bool [1, 1, q, kv]; None where all."""
    if mask_function is bidirectional_mask_function:
        return None
    queries = torch.arange(q_length, device=device)[None, None, :, None]
    keys = torch.arange(kv_length, device=device)[None, None, None, :]
    seen: torch.Tensor = mask_function(0, 0, queries, keys)
    return seen


def _additive(mask: torch.Tensor) -> torch.Tensor:
    return (1.0 - mask.to(torch.float32)) * MASKED_SCORE if mask.dtype == torch.bool else mask


def _square(mask: torch.Tensor, sequence: int) -> torch.Tensor:
    """A mask that may be one row for all queries, as one row for each."""
    return _additive(mask).expand(-1, -1, sequence, -1)


def _repeat_heads(states: torch.Tensor, heads: int) -> torch.Tensor:
    """Keys or values that several heads share, once for each head."""
    return (
        states
        if states.shape[1] == heads
        else states.repeat_interleave(heads // states.shape[1], 1)
    )
