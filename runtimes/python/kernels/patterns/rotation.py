"""Rotary positions in front of an attention, as `SelfAttention` turns query and key itself."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import CONTRIB, MatchedGraph


@dataclass(frozen=True)
class Rotation:
    """Query and key before they are turned, and the names of the tables [positions, width / 2]."""

    query: str
    key: str
    cosines: str
    sines: str


def read_rotation(graph: MatchedGraph, query: str, key: str, width: int) -> Rotation | None:
    """What RotaryEmbedding did with both, if it turns the halves of heads of that width.

    Positions count from 0. Neighbours that are turned with each other (`interleaved`) are left to
    onnxruntime, and so is a part of a head.
    """
    turned = [graph.maker(value, "RotaryEmbedding", domain=CONTRIB) for value in (query, key)]
    of_query, of_key = turned
    if of_query is None or of_key is None or of_query.inputs[1:] != of_key.inputs[1:]:
        return None
    if not all(call and _turns_halves(graph, call, width) for call in turned):
        return None
    return Rotation(of_query.input(0), of_key.input(0), of_query.input(2), of_query.input(3))


def _turns_halves(graph: MatchedGraph, call: Call, width: int) -> bool:
    stated = {"scale": 1.0, **call.attributes}
    if stated.pop("scale") != 1.0 or any(
        value for name, value in stated.items() if name != "num_heads"
    ):
        return False
    tables = {graph.shape(call.input(place)) for place in (2, 3)}
    first = graph.whole(call.input(1)) == (0,) and graph.constant_shape(call.input(1)) == (1,)
    (shape,) = tables if len(tables) == 1 else (None,)
    given = graph.shape(call.input(0))
    if not first or shape is None or given is None or len(given) != 3 or len(shape) != 2:
        return False
    rows, half = shape
    return half * 2 == width and (rows == given[1] or isinstance(rows, int))
