"""Types of the values of a graph, as TensorProto.DataType numbers them, as far as they follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from edgebert.onnx_graph.calls import Call

FLOAT, INT32, INT64, BOOL = 1, 6, 7, 9

_AS_AN_INPUT = {
    0: (
        "Abs Add Attention BiasGelu Clip Concat Cos CumSum Div Erf Exp Expand FastGelu Flatten Gather "
        "GatherElements GatherND Gelu Gemm Identity LayerNormalization Log MatMul MatMulNBits Max Min "
        "Mod Mul MultiHeadAttention Neg Pow QuickGelu Range Reciprocal ReduceL2 ReduceMax ReduceMean "
        "ReduceMin ReduceSum Relu Reshape RotaryEmbedding Sigmoid SimplifiedLayerNormalization Sin "
        "SkipLayerNormalization Slice Softmax Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze"
    ),
    1: "DequantizeLinear Where",
    2: "MatMulIntegerToFloat",
    3: "QAttention",
}
"""Operators whose outputs have the type of an input, by its place."""

_ALWAYS = {
    BOOL: "And Equal Greater GreaterOrEqual IsNaN Less LessOrEqual Not Or Xor",
    INT32: "MatMulInteger",
    INT64: "ArgMax ArgMin NonZero Shape Size",
}
"""Operators whose output has one type."""

_INPUT = {name: place for place, names in _AS_AN_INPUT.items() for name in names.split()}
_TYPE = {name: number for number, names in _ALWAYS.items() for name in names.split()}


class Constants(Protocol):
    """What is asked of a graph."""

    @property
    def inputs(self) -> Mapping[str, tuple[int, tuple[int | str, ...] | None]]: ...
    def data_type(self, name: str) -> int: ...


def infer_types(graph: Constants, calls: Iterable[Call]) -> dict[str, int]:
    """Types of a graph's inputs and of all values that are understood; the others are missing.

    Args:
        graph: where constants come from.
        calls: in the order in which they run.
    """
    types = {name: number for name, (number, _) in graph.inputs.items()}
    for call in calls:
        number = _type_of(graph, call, types)
        if number:
            types.update(dict.fromkeys(filter(None, call.outputs), number))
    return types


def _type_of(graph: Constants, call: Call, types: Mapping[str, int]) -> int:
    if call.op_type == "Cast":
        to = call.attributes.get("to")
        return to if isinstance(to, int) else 0
    place = _INPUT.get(call.op_type)
    if place is None:
        return _TYPE.get(call.op_type, 0)
    name = call.input(place)
    return types.get(name) or graph.data_type(name)
