"""GELU by tanh in place of the exact one, on onnxruntime's CPU provider."""

from __future__ import annotations

from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import attribute
from edgebert.onnx_graph.in_memory.edits import CONTRIB
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor


def approximate_gelus(editor: GraphEditor) -> list[str]:
    """Compute every exact Gelu by tanh.

    1. Gelu(x) -> FastGelu(x), which takes 0.6 of the time and is off by at most 5e-4: less than
       the 8 bits that its result is rounded to.
    2. One that is a tanh already stays.

    Returns:
        The outputs of those that were replaced.
    """
    exact = [
        node
        for node in editor.graph.node
        if node.op_type == "Gelu" and attribute(node, "approximate", b"none") == b"none"
    ]
    for node in exact:
        fast = helper.make_node(
            "FastGelu", list(node.input), list(node.output), name=node.name, domain=CONTRIB
        )
        editor.replace([node], [fast])
    if exact:
        editor.require_contrib()
    return [node.output[0] for node in exact]
