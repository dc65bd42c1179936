"""Scheme `dynamic`: int8 weights per output channel, activation ranges taken at run time.

What other tools do by default, in their operators, and clear of their known traps: weights have a
scale per channel and are signed, tables of embeddings are left to `edgebert.quantize.embeddings`.
The activation scale covers a whole batch, so a text's answer depends on its neighbours.
"""

from __future__ import annotations

from onnx import TensorProto, helper

from edgebert.quantize.editing import GraphEditor
from edgebert.quantize.linear_layers import LayerGroup
from edgebert.quantize.products import node_of, product_name, put_product, store_weight
from edgebert.quantize.rounding import Floats, IntegerWeight


def write_dynamic_group(
    editor: GraphEditor,
    group: LayerGroup,
    weights: dict[str, IntegerWeight],
    biases: dict[str, Floats | None],
) -> None:
    """Replace the layers of a group by products whose input takes its range from the batch.

    1. x -> DynamicQuantizeLinear, once for each input; its codes and the weight -> MatMulInteger ->
       Cast -> Mul with both scales -> Add with the bias. onnxruntime fuses them when it loads them.
    """
    make = helper.make_node
    for value in group.values:
        first = next(layer for layer in group.layers if layer.value == value)
        outputs = [f"{value}.{part}" for part in ("codes", "scale", "zero_point")]
        node = make("DynamicQuantizeLinear", [value], outputs)
        editor.insert_before(node_of(editor, first), [node])
    for layer in group.layers:
        weight = store_weight(editor, layer.weight, weights[layer.weight])
        at, bias = layer.output, biases[layer.output]
        codes, scale, zero_point = (f"{layer.value}.{p}" for p in ("codes", "scale", "zero_point"))
        nodes = [
            make(
                "MatMulInteger",
                [codes, weight.values, zero_point],
                [f"{at}.sums"],
                name=layer.name,
            ),
            make("Cast", [f"{at}.sums"], [f"{at}.steps"], to=TensorProto.FLOAT),
            make("Mul", [scale, weight.scales], [f"{at}.step"]),
            make("Mul", [f"{at}.steps", f"{at}.step"], [product_name(layer, bias)]),
        ]
        put_product(editor, layer, nodes, bias)
