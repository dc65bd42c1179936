"""Let a graph take its ids as int32."""

from __future__ import annotations

import onnx_ir


def take_int32_inputs(model: onnx_ir.Model) -> int:
    """Make every int64 input int32, with a Cast behind it, for runtimes that have no int64.

    1. input int64 x -> f(x) becomes input int32 x -> Cast -> f(x_int64).
    2. Other inputs stay as they are.

    Returns:
        How many inputs were changed.
    """
    wide = [value for value in model.graph.inputs if value.dtype == onnx_ir.DataType.INT64]
    for value in wide:
        cast = onnx_ir.node("Cast", [value], {"to": onnx_ir.DataType.INT64})
        cast.outputs[0].name = f"{value.name}_int64"
        cast.outputs[0].shape = value.shape
        cast.outputs[0].dtype = onnx_ir.DataType.INT64
        onnx_ir.convenience.replace_all_uses_with(value, cast.outputs[0])
        cast.replace_input_with(0, value)
        value.dtype = onnx_ir.DataType.INT32
        model.graph.insert_before(model.graph[0], cast)
    return len(wide)
