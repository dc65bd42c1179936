"""What onnxruntime still runs of a graph: layers it keeps, and whether any of it rounds floats."""

from __future__ import annotations

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import DOMAIN

_LAYERS = (
    "Attention", "DynamicQuantizeMatMul", "EmbedLayerNormalization", "FusedMatMul", "Gemm",
    "LayerNormalization", "MatMul", "MatMulInteger", "MatMulIntegerToFloat", "MatMulNBits",
    "MultiHeadAttention", "QAttention", "QGemm", "QLinearMatMul", "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
)  # fmt: skip
"""Operators that are layers, or hold most of one."""

_ROUND_NOTHING = (
    "Abs", "And", "ArgMax", "ArgMin", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape",
    "Equal", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Greater",
    "GreaterOrEqual", "Identity", "IsNaN", "Less", "LessOrEqual", "Max", "Min", "Neg", "NonZero",
    "Not", "OneHot", "Or", "Pad", "ReduceMax", "ReduceMin", "Relu", "Reshape", "ScatterElements",
    "ScatterND", "Shape", "Size", "Slice", "Split", "Squeeze", "Tile", "TopK", "Transpose",
    "Trilu", "Unsqueeze", "Where", "Xor",
)  # fmt: skip
"""Operators that move, compare or choose what is there."""

_ROUND_ONCE = ("Add", "Mul", "Sub")
"""Operators of which IEEE 754 says every bit: each value is rounded once, of no sum."""

_OF_INTEGERS = ("CumSum", "Div", "Mod", "Pow", "Range", "ReduceSum", "Sign")
_INTEGERS = (2, 3, 4, 5, 6, 7, 12, 13)  # TensorProto.DataType


def left_to_onnxruntime(graph: MatchedGraph) -> list[Call]:
    """The layers that are none of the kernels'."""
    return [c for c in graph.calls if c.domain != DOMAIN and c.op_type in _LAYERS]


def is_exact(graph: MatchedGraph) -> bool:
    """Whether no call that is left may round otherwise on another CPU."""
    return all(call.domain == DOMAIN or _rounds_nothing(graph, call) for call in graph.calls)


def _rounds_nothing(graph: MatchedGraph, call: Call) -> bool:
    if call.domain or call.around:
        return False
    if call.op_type in _ROUND_NOTHING:
        return True
    whole = graph.data_type_of(call.input(0)) in _INTEGERS
    return call.op_type in _ROUND_ONCE or (call.op_type in _OF_INTEGERS and whole)
