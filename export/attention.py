"""Attention that leaves the exporter as one fused operator, because we emit it so.

transformers lets a model take its attention from a registry. Ours hands query, key and value to
`com.microsoft.MultiHeadAttention` and the padding mask through as it came, so there is no pattern
that a later release could break. `edgebert.export.coverage` counts what arrived.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

FUSED_ATTENTION = "edgebert_fused"
"""Value of `attn_implementation` for a model that is to be traced (not to be run in PyTorch)."""


def register_fused_attention() -> None:
    """Make `FUSED_ATTENTION` known to transformers."""
    AttentionInterface.register(FUSED_ATTENTION, _multi_head_attention)
    AttentionMaskInterface.register(FUSED_ATTENTION, _padding_mask)


def _multi_head_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Emit one MultiHeadAttention.

    Args:
        module: the attention layer (part of the interface, not needed).
        query, key, value: float [batch, heads, sequence, head size].
        attention_mask: int32 [batch, sequence], 1 where a token is real.
        scaling: factor of the scores; by default 1 / sqrt(head size).

    Returns:
        float [batch, sequence, heads, head size], and no attention weights.
    """
    batch, heads, sequence, size = query.shape
    packed = [t.transpose(1, 2).reshape(batch, sequence, heads * size) for t in (query, key, value)]
    output: torch.Tensor = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        [*packed, None, attention_mask],
        attrs={"num_heads": heads, "scale": float(size**-0.5 if scaling is None else scaling)},
        dtype=query.dtype,
        shape=packed[0].shape,
        version=1,
    )
    return output.reshape(batch, sequence, heads, size), None


def _padding_mask(*_: Any, attention_mask: torch.Tensor, **__: Any) -> torch.Tensor:
    return attention_mask.to(torch.int32)
