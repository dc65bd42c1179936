"""The oldest onnxruntime that loads a graph and gives its answers."""

from __future__ import annotations

from edgebert.machine import release_numbers
from edgebert.onnx_graph.reading import FLOAT16, Node, OnnxGraph

_OPSETS = {18: "1.15.1", 19: "1.16.3", 20: "1.17.0", 21: "1.18.0", 22: "1.21.0", 23: "1.23.2"}
_IR_VERSIONS = {9: "1.15.1", 10: "1.18.0", 11: "1.23.2"}
_OPERATORS = {"MultiHeadAttention": "1.16.3", "RotaryEmbedding": "1.16.3"}
_SCORES, _HALF = "1.20.1", "1.20.1"
_CONTRIB = "com.microsoft"
_TAKE_SCORES = ("Attention", "MultiHeadAttention")
_ADDED_TO_SCORES = 5  # input of both; that of QAttention is its mask
_BLOCKS = {(4, 4): "1.19.2", (8, 4): "1.22.0"}
"""MatMulNBits by its bits and accuracy_level."""

_ZERO_POINTS = 3  # input of MatMulNBits


def oldest_onnxruntime(graph: OnnxGraph, *, tested: str) -> str:
    """The oldest release that loads `graph` and gives the answers of `tested`, today's.

    Measured with tiny models of six families, each target and opset, on releases 1.15.1, 1.16.3,
    1.17.0, 1.17.3, 1.18.0, 1.19.2, 1.20.1, 1.21.0, 1.22.0 and 1.23.2; int8 forms with BERT only,
    without 1.17.3, those of `portable` without 1.19.2, 1.21.0 and 1.22.0 too:

    ==================================================== ====== ==================================
    the graph has                                        oldest the release before
    ==================================================== ====== ==================================
    opset 18 (older ones were not tried)                 1.15.1 was not tried
    opset 19, 20, 21, 22, 23                             above  refuses the file
    IR version 9, 10, 11                                 above  refuses the file
    MultiHeadAttention                                   1.16.3 answers wrongly (off by 0.3)
    RotaryEmbedding                                      1.16.3 refuses it
    Attention with something added to its scores (MPNet) 1.20.1 answers wrongly (off by 0.1)
    MultiHeadAttention with that (ModernBERT)            1.20.1 refuses it; 1.18.0 is aborted
    float16 constants, on the CPU                        1.20.1 gives infinities for opset 18
    MatMulNBits of 4 bits, accuracy_level 4              1.19.2 multiplies floats (off by 0.02)
    MatMulNBits of 8 bits, accuracy_level 4              1.22.0 refuses it
    MatMulNBits of anything else, or with zero points    tested was not tried
    MatMulIntegerToFloat, one scale or one for each row  1.15.1 was not tried
    QAttention, MatMulInteger, QDQ with int8 activations 1.15.1 was not tried
    FastGelu, QDQ of 16 bits                             above  refuses opset 20, opset 21
    ==================================================== ====== ==================================

    A release whose number lies between two that were tried may do as well. Where nothing is known,
    it is `tested`.

    All of it holds at onnxruntime's own session settings. Weights of the full int8 range also need
    `session.x64quantprecision` on CPUs without VNNI: 1.28.0 and older ones then widen no weights
    (off by 0.07), and are aborted by int8 weights without zero points; 1.30.0 does as 1.31.1.
    """
    needed = [
        _first_that_reads(_OPSETS, graph.opset_imports[""], tested),
        _first_that_reads(_IR_VERSIONS, graph.ir_version, tested),
    ]
    for node in graph.nodes:
        if node.op_type in _OPERATORS:
            needed.append(_OPERATORS[node.op_type])
        if node.domain == _CONTRIB and node.op_type in _TAKE_SCORES:
            needed += [_SCORES] * any(node.inputs[_ADDED_TO_SCORES:][:1])
        if node.op_type == "MatMulNBits":
            needed.append(_first_with_blocks(node, tested))
    if any(tensor.data_type == FLOAT16 for tensor in graph.initializers):
        needed.append(_HALF)
    return max(needed, key=release_numbers)


def _first_that_reads(releases: dict[int, str], version: int, tested: str) -> str:
    fitting = (release for highest, release in releases.items() if version <= highest)
    return next(fitting, tested)


def _first_with_blocks(node: Node, tested: str) -> str:
    if any(node.inputs[_ZERO_POINTS:]):
        return tested
    kind = node.attributes.get("bits", 4), node.attributes.get("accuracy_level", 0)
    return _BLOCKS.get(kind, tested)
