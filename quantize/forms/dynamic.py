"""Scheme `dynamic`: int8 weights per output channel, activation ranges taken at run time.

What other tools do by default, in their operators, and clear of their known traps: weights have a
scale per channel and are signed, tables of embeddings are left to `edgebert.quantize.forms.embeddings`.
The activation scale covers a whole batch, so a text's answer depends on its neighbours.
"""

from __future__ import annotations

from onnx import TensorProto, helper

from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.quantize.forms.linear_layers import LayerGroup
from edgebert.quantize.forms.products import node_of, product_name, put_product, store_weight
from edgebert.quantize.forms.rounding import Floats, IntegerWeight


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
    make, inputs = helper.make_node, {}
    for value in group.values:
        first = next(layer for layer in group.layers if layer.value == value)
        parts = [editor.value(f"{value}.{part}") for part in ("codes", "scale", "zero_point")]
        inputs[value] = parts
        node = make("DynamicQuantizeLinear", [value], parts)
        editor.insert_before(node_of(editor, first), [node])
    for layer in group.layers:
        weight = store_weight(editor, layer.weight, weights[layer.weight])
        bias = biases[layer.output]
        codes, scale, zero_point = inputs[layer.value]
        sums, steps, step = (
            editor.value(f"{layer.output}.{part}") for part in ("sums", "steps", "step")
        )
        nodes = [
            make("MatMulInteger", [codes, weight.values, zero_point], [sums], name=layer.name),
            make("Cast", [sums], [steps], to=TensorProto.FLOAT),
            make("Mul", [scale, weight.scales], [step]),
            make("Mul", [steps, step], [product_name(editor, layer, bias)]),
        ]
        put_product(editor, layer, nodes, bias)
