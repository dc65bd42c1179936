"""Scheme `dynamic`: int8 weights per output channel, activation ranges taken at run time.

This is onnxruntime's own dynamic quantization, kept clear of its known traps: weights per channel
(one scale for a whole matrix costs most of the accuracy), int8 rather than uint8 weights, a
default type where type inference stops at contrib operators, and embeddings left to
`edgebert.quantize.embeddings` (onnxruntime's own would give the table a single scale).

The activation scale covers a whole batch, so a text's answer depends on its neighbours.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from edgebert.quantize.attention import split_attention
from edgebert.quantize.embeddings import quantize_word_embeddings
from edgebert.quantize.tied_weights import untie_weights
from edgebert.records.manifest import LayerDecision


def quantize_graph(source: Path, target: Path) -> tuple[LayerDecision, ...]:
    """Write the int8 form of `source` to `target`; say what was done to each layer."""
    model = onnx.load(source)  # given a path, onnxruntime would write its notes beside the source
    split_attention(model)
    untie_weights(model)
    layers, batched = weight_matmuls(model, rank=2), weight_matmuls(model, rank=3)
    with _without_advice():
        quantize_dynamic(
            model,
            target,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=batched,  # scales of their channels would be of a shape it cannot read
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={
                "MatMulConstBOnly": True,
                "DefaultTensorType": onnx.TensorProto.FLOAT,
            },
        )
    model = onnx.load(target)
    tables = quantize_word_embeddings(model)
    onnx.save(model, target)
    return (
        *(LayerDecision(name, "int8 rows") for name in tables),
        *(LayerDecision(name, "int8 per channel, dynamic activations") for name in layers),
    )


def weight_matmuls(model: onnx.ModelProto, *, rank: int) -> list[str]:
    """Names of the MatMuls that multiply by a constant of `rank` axes: 2, or 3 for a batch."""
    ranks = {tensor.name: len(tensor.dims) for tensor in model.graph.initializer}
    return [
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul" and ranks.get(node.input[1]) == rank
    ]


@contextmanager
def _without_advice() -> Iterator[None]:
    """Onnxruntime advises preprocessing through the root logger."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
