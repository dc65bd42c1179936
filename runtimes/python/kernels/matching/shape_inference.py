"""Which operators' shapes are understood, and how they follow from one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching import shapes_of_lengths as lengths
from edgebert.runtimes.kernels.matching import shapes_of_moves as moves
from edgebert.runtimes.kernels.matching import shapes_of_numbers as numbers
from edgebert.runtimes.kernels.matching.shapes import Constants, KnownShapes, Shape

_SAME = """
Abs BiasGelu Clip Cos CumSum DequantizeLinear Elu Erf Exp FastGelu Floor Gelu
LayerNormalization Log LogSoftmax Neg Not QuantizeLinear QuickGelu Reciprocal Relu RotaryEmbedding Sigmoid
SimplifiedLayerNormalization Sin SkipLayerNormalization Softmax Sqrt Tanh
"""
_BROADCAST = """
Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Min Mul Or Pow Sub Where
"""
_REDUCED = "ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum"
_PRODUCTS = "MatMul MatMulInteger MatMulIntegerToFloat DynamicQuantizeMatMul"

_INFERRED: dict[str, Callable[[KnownShapes, Call], None]] = {
    **dict.fromkeys(_SAME.split(), numbers.same),
    **dict.fromkeys(_BROADCAST.split(), numbers.broadcast_all),
    **dict.fromkeys(_REDUCED.split(), numbers.reduce),
    **dict.fromkeys(_PRODUCTS.split(), numbers.matmul),
    "DynamicQuantizeLinear": numbers.dynamic_quantize,
    "ArgMax": numbers.place_of,
    "ArgMin": numbers.place_of,
    "Gemm": numbers.gemm,
    "MatMulNBits": numbers.blocks,
    "Attention": numbers.attention,
    "QAttention": numbers.attention,
    "MultiHeadAttention": numbers.heads,
    "Cast": moves.pass_on,
    "Identity": moves.pass_on,
    "Gather": moves.gather,
    "GatherElements": moves.gather_elements,
    "GatherND": moves.gather_nd,
    "Split": moves.split,
    "Unsqueeze": moves.unsqueeze,
    "Squeeze": moves.squeeze,
    "Transpose": moves.transpose,
    "Concat": moves.concat,
    "Slice": moves.slice_part,
    "Reshape": moves.reshape,
    "Expand": moves.expand,
    "Range": moves.count,
    "Shape": moves.shape_of,
}


_OF_LENGTHS: dict[str, Callable[[KnownShapes, Call], None]] = {
    "ConstantOfShape": lengths.filled,
    "Mul": lengths.multiply,
    "Equal": lengths.equal,
    "Where": lengths.choose,
    "Reshape": lengths.flatten,
}


def infer_shapes(graph: Constants, calls: Iterable[Call]) -> dict[str, Shape]:
    """Shapes of a graph's inputs and of all values that are understood; the others are missing.

    Args:
        graph: where constants come from.
        calls: in the order in which they run.
    """
    known = KnownShapes(graph)
    for call in calls:
        for table in (_INFERRED, _OF_LENGTHS):
            infer = table.get(call.op_type)
            if infer is None or call.domain not in ("", "com.microsoft"):
                continue
            with suppress(LookupError, ValueError, ArithmeticError):  # of a call that could not run
                infer(known, call)
    return known.shapes
