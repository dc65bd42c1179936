"""Constant matrices, as they are stored or turned."""

from __future__ import annotations

from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph


def matrix_shape(graph: MatchedGraph, weight: str) -> tuple[int, int] | None:
    """Inputs and outputs of a constant matrix of floats, or of the transpose of one.

    onnxruntime turns a constant once, before a kernel is made: a table of embeddings that is the
    weight of the last product too is thus stored once.
    """
    stored = _turned(graph, weight)
    shape = graph.constant_shape(stored or weight)
    if shape is None or len(shape) != 2 or not graph.is_floats(stored or weight, *shape):
        return None
    return (shape[1], shape[0]) if stored else (shape[0], shape[1])


def _turned(graph: MatchedGraph, name: str) -> str:
    """The constant that a value is the transpose of, "" if it is of none."""
    turn = graph.maker(name, "Transpose")
    if turn is None or not graph.is_constant(turn.input(0)):
        return ""
    return turn.input(0) if turn.attributes.get("perm", (1, 0)) == (1, 0) else ""
