"""One vector of a text's tokens, and its normalisation, as `Pooling`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgebert.onnx_graph.calls import Attribute, Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call

_FLOAT, _INTEGERS = 1, (6, 7)
_MASK = "attention_mask"
_AXES_ARE_AN_INPUT = 13  # of Unsqueeze, since this opset


@dataclass(frozen=True)
class _Vector:
    """Which vector of a text: of its tokens' states, by a mask, and the least count of a mean."""

    how: str
    hidden: str
    mask: str
    least_count: float = 0.0


def write_pooling(graph: MatchedGraph) -> None:
    """The mean of the tokens that count, and first or mean divided by their length, -> Pooling.

    1. Div(sum, Clip(count, least)), where sum is ReduceSum(hidden * weights) or the product of
       `edgebert.export.passes.mean_pooling`, and weights are the mask as floats.
    2. Behind it, or behind the first token's state: Div(v, Clip(ReduceL2(v), least)).
    3. Behind any other vector: the same of a text whose only token's state that is.
    4. The first token's state alone stays as it is: it is only moved.
    """
    for call in graph.of_type("Div"):
        pooling = _normalized(graph, call) or _mean_alone(graph, call)
        if pooling is not None:
            graph.replace(call, *pooling)


def _normalized(graph: MatchedGraph, call: Call) -> tuple[Call, ...] | None:
    value, divisor = call.input(0), call.input(1)
    spread = graph.maker(divisor, "Expand")
    if spread is not None and graph.shape(divisor) == graph.shape(value):
        divisor = spread.input(0)
    least = graph.maker(divisor, "Clip", "Max")
    length, readers = _length(graph, least.input(0), value) if least else (None, 0)
    if least is None or length is None:
        return None
    least_norm, shape = _least(graph, least), graph.shape(value)
    if least_norm is None or not shape or not _reduces(graph, length, len(shape) - 1, keeps=True):
        return None
    vector = _first(graph, value) or _mean(graph, graph.maker(value, "Div"))
    others = [reader for reader in graph.readers(value) if reader.op_type != "Shape"]
    if vector is None or len(others) != 1 + readers or value in graph.outputs:
        return _of_one_token(graph, call, value, least_norm)
    return (_operator(call, vector, least_norm),)


def _length(graph: MatchedGraph, name: str, value: str) -> tuple[Call | None, int]:
    """The call that reduces a value to its length, ReduceL2 or Sqrt(ReduceSum(v * v)), and its reads."""
    if (norm := graph.maker(name, "ReduceL2")) is not None:
        return (norm, 1) if norm.input(0) == value else (None, 0)
    root = graph.maker(name, "Sqrt")
    total = graph.maker(root.input(0), "ReduceSum") if root else None
    squares = graph.maker(total.input(0), "Mul") if total else None
    return (total, 2) if squares and squares.inputs == (value, value) else (None, 0)


def _of_one_token(
    graph: MatchedGraph, call: Call, value: str, least_norm: float
) -> tuple[Call, ...] | None:
    """A vector [batch, width] as the states of one token, of whose mask it is enough that it fits."""
    shape, mask = graph.shape(value), graph.shape(_MASK)
    if shape is None or mask is None or len(shape) != 2 or mask[:1] != shape[:1]:
        return None
    if graph.data_type_of(_MASK) not in _INTEGERS or graph.opset < _AXES_ARE_AN_INPUT:
        return None
    token, first = (graph.value_name(f"{value}.{part}") for part in ("token", "mask"))
    one = graph.add_constant("kernels.first_token", np.zeros(1, np.int64))
    axis = graph.add_constant("kernels.token_axis", np.ones(1, np.int64))
    return (
        Call("Unsqueeze", "", "", (value, axis), (token,)),
        Call("Gather", "", "", (_MASK, one), (first,), {"axis": 1}),
        _operator(call, _Vector("first", token, first), least_norm),
    )


def _mean_alone(graph: MatchedGraph, call: Call) -> tuple[Call, ...] | None:
    readers = graph.readers(call.outputs[0])
    value = call.outputs[0]
    if any(r.op_type == "ReduceL2" or r.inputs == (value, value) for r in readers):
        return None  # its turn comes with the Div behind it, or else it stays
    vector = _mean(graph, call)
    return (_operator(call, vector, None),) if vector is not None else None


def _operator(call: Call, vector: _Vector, least_norm: float | None) -> Call:
    attributes: dict[str, Attribute] = {
        "how": vector.how,
        "normalize": int(least_norm is not None),
        "least_norm": least_norm or 0.0,
        "least_count": vector.least_count,
    }
    return kernel_call("Pooling", call, (vector.hidden, vector.mask), attributes)


def _first(graph: MatchedGraph, value: str) -> _Vector | None:
    """The state of the first token, Gather(hidden, 0) along the tokens."""
    gather = graph.maker(value, "Gather")
    if gather is None or gather.attributes.get("axis") != 1:
        return None
    hidden = gather.input(0)
    first = graph.number(gather.input(1)) == 0 and graph.constant_shape(gather.input(1)) == ()
    mask = _mask_of(graph, hidden) if first else ""
    return _Vector("first", hidden, mask) if mask else None


def _mask_of(graph: MatchedGraph, hidden: str) -> str:
    """The graph's mask, if it is one of these tokens."""
    shape = graph.shape(hidden)
    fits = shape is not None and len(shape) == 3 and graph.shape(_MASK) == shape[:2]
    return _MASK if fits and graph.data_type_of(_MASK) in _INTEGERS else ""


def _mean(graph: MatchedGraph, call: Call | None) -> _Vector | None:
    least = graph.maker(call.input(1), "Clip", "Max") if call else None
    count = graph.maker(least.input(0), "ReduceSum") if least else None
    if call is None or least is None or count is None:
        return None
    least_count, weights = _least(graph, least), count.input(0)
    hidden = _summed(graph, call.input(0), weights)
    mask = _mask(graph, weights)
    if least_count is None or not hidden or not mask or not _sums_tokens(graph, count):
        return None
    shape = graph.shape(hidden)
    if shape is None or len(shape) != 3 or graph.shape(mask) != shape[:2]:
        return None
    if (graph.shape(weights) or ())[2:] not in ((1,), shape[2:]):
        return None
    return _Vector("mean", hidden, mask, least_count)


def _summed(graph: MatchedGraph, value: str, weights: str) -> str:
    """The value whose tokens were summed with these weights [batch, sequence, 1], "" if none was."""
    if (reduced := graph.maker(value, "ReduceSum")) is not None:
        product = graph.maker(reduced.input(0), "Mul")
        if product is None or not _sums_tokens(graph, reduced) or weights not in product.inputs:
            return ""
        return next((name for name in product.inputs if name != weights), "")
    product = _first_row(graph, value)
    rows = graph.maker(product.input(0), "Concat") if product else None
    if product is None or rows is None or rows.attributes.get("axis") != 1:
        return ""
    row = graph.maker(rows.input(0), "Transpose")
    if row is None or row.input(0) != weights or row.attributes.get("perm") != (0, 2, 1):
        return ""
    return product.input(1)


def _first_row(graph: MatchedGraph, value: str) -> Call | None:
    """The MatMul of which Slice and Squeeze take the first row of each text."""
    squeeze = graph.maker(value, "Squeeze")
    part = graph.maker(squeeze.input(0), "Slice") if squeeze else None
    if squeeze is None or part is None or graph.whole(squeeze.input(1)) != (1,):
        return None
    bounds = [graph.whole(part.input(place)) for place in (1, 2, 3)]
    steps = graph.whole(part.input(4)) if part.input(4) else (1,)
    if bounds != [(0,), (1,), (1,)] or steps != (1,):
        return None
    return graph.maker(part.input(0), "MatMul")


def _mask(graph: MatchedGraph, weights: str) -> str:
    """The integers that weights [batch, sequence, 1 or width] are as floats, "" if they are none."""
    shape = graph.shape(weights)
    if shape is None or len(shape) != 3:
        return ""
    types: list[object] = []
    value = weights
    while (call := graph.maker(value, "Cast", "Expand", "Unsqueeze")) is not None:
        if len(types) > 1 or (
            graph.shape(value) == shape[:2] and graph.data_type_of(value) in _INTEGERS
        ):
            break
        if call.op_type == "Unsqueeze" and graph.shape(value) != (*shape[:2], 1):
            return ""
        types += [call.attributes.get("to")] if call.op_type == "Cast" else []
        value = call.input(0)
    fits = graph.shape(value) == shape[:2] and graph.data_type_of(value) in _INTEGERS
    return value if fits and types == [_FLOAT] else ""


def _sums_tokens(graph: MatchedGraph, reduce: Call) -> bool:
    return _reduces(graph, reduce, 1, keeps=False)


def _reduces(graph: MatchedGraph, reduce: Call, axis: int, *, keeps: bool) -> bool:
    """Whether a call reduces one axis, which it keeps or not."""
    shape = graph.shape(reduce.input(0))
    axes = graph.whole(reduce.input(1)) if reduce.input(1) else reduce.attributes.get("axes")
    if shape is None or axes not in ((axis,), (axis - len(shape),)):
        return False
    return bool(reduce.attributes.get("keepdims", 1)) == keeps


def _least(graph: MatchedGraph, call: Call) -> float | None:
    """The number below which a call lets no value fall, if it does nothing else."""
    floats = len(call.inputs) >= 2 and graph.data_type(call.input(1)) == _FLOAT
    if not floats or call.input(2) or len(call.inputs) > 3:
        return None
    number = graph.number(call.input(1))
    return number if number is not None and 0 < number < float("inf") else None
