"""Calls of kernel operators, with every attribute: the library asks for each of them."""

from __future__ import annotations

from collections.abc import Mapping

from edgebert.onnx_graph.calls import Attribute, Call

DOMAIN = "edgebert.kernels"
VERSION = 1
"""Of the operators that are written here."""

_PLAIN: Mapping[str, Mapping[str, Attribute]] = {
    "Linear": {
        "scale": 0.0, "zero_point": 128, "levels": 127, "activation": "", "gate": "",
        "before_epsilon": 0.0, "after_epsilon": 0.0,
    },
    "FloatLinear": {"activation": "", "after_epsilon": 0.0},
    "SelfAttention": {"heads": 0, "scale": 0.0, "window": 0, "bf16": 0},
    "LayerNorm": {"epsilon": 0.0},
    "Embedding": {"epsilon": 0.0, "first_position": 0},
    "Pooling": {"how": "first", "normalize": 0, "least_norm": 0.0, "least_count": 0.0},
    "TargetEmbedding": {"epsilon": 0.0},
    "PastAttention": {"scale": 0.0, "query_part": 0, "key_part": 0, "value_part": 0, "kept": 0},
    "SourceAttention": {"scale": 0.0},
    "LogProbabilities": {},
}  # fmt: skip
"""The attributes of each, as they stand where nothing is said of them."""


def kernel_call(
    op_type: str,
    old: Call,
    inputs: tuple[str, ...],
    attributes: Mapping[str, Attribute] | None = None,
) -> Call:
    """An operator under the name of another call, whose first output it gives."""
    stated = {**_PLAIN[op_type], **(attributes or {})}
    return Call(op_type, DOMAIN, old.name, inputs, old.outputs[:1], stated)
