"""What is added to scores so that tokens look at their neighbours alone, as a window."""

from __future__ import annotations

from collections.abc import Iterator

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph

_MASKED = -10000.0
_FLOAT = 1
_MOST_TERMS = 16


def read_window(graph: MatchedGraph, added: str) -> int:
    """How many tokens away a key may be, 0 where that is not what a value says.

    (1 - float(allowed)) * -10000, where allowed says of each query and key that they are that near,
    and nothing else. A token of padding may have none but padding near: what it then looks at is
    another thing, and nobody's.
    """
    shape = graph.shape(added)
    allowed = allowed_by(graph, added)
    if shape is None or len(shape) != 4 or shape[:2] != (1, 1) or not allowed:
        return 0
    windows = [_window(graph, term) for term in _terms(graph, allowed)]
    known = [window for window in windows if window]
    return known[0] if len(known) == 1 and None not in windows else 0


def allowed_by(graph: MatchedGraph, added: str) -> str:
    """The truths that a value is 0 for, and -10000 elsewhere; "" if it is another one."""
    scaled = graph.maker(added, "Mul")
    if scaled is None:
        return ""
    for value, factor in (scaled.inputs, scaled.inputs[::-1]):
        rest = graph.maker(value, "Sub") if graph.number(factor) == _MASKED else None
        cast = graph.maker(rest.input(1), "Cast") if rest else None
        if (
            rest
            and cast
            and graph.number(rest.input(0)) == 1
            and cast.attributes.get("to") == _FLOAT
        ):
            return cast.input(0)
    return ""


def _terms(graph: MatchedGraph, truth: str) -> Iterator[str]:
    """What has to be true for a value to be."""
    waiting = [truth]
    for _ in range(_MOST_TERMS):
        if not waiting:
            return
        both = graph.maker(name := waiting.pop(), "And")
        if both is None:
            yield name
        else:
            waiting += both.inputs
    yield from waiting


def _window(graph: MatchedGraph, truth: str) -> int | None:
    """How near a query and a key have to be; 0 where it is always true, None if nobody knows."""
    values = graph.values(truth)
    if values is not None and values.dtype == bool and values.all():
        return 0
    if (above := graph.maker(truth, "GreaterOrEqual")) is not None:
        counted = _axis(graph, above.input(0)) and graph.number(above.input(1)) == 0
        return 0 if counted else None
    near = graph.maker(truth, "LessOrEqual")
    size = graph.maker(near.input(0), "Abs") if near else None
    apart = graph.maker(size.input(0), "Sub") if size else None
    width = graph.whole(near.input(1)) if near else None
    if apart is None or not width or len(width) != 1 or width[0] < 1:
        return None
    axes = {_axis(graph, name) for name in apart.inputs}
    return width[0] if axes == {2, 3} else None


def _axis(graph: MatchedGraph, value: str) -> int:
    """The axis of four along which a value counts tokens from 0; 0 if it does not."""
    shape, call = graph.shape(value), _moved(graph, value)
    if shape is None or len(shape) != 4 or call is None:
        return 0
    if (graph.number(call.input(0)), graph.number(call.input(2))) != (0, 1):
        return 0
    long = [axis for axis, length in enumerate(shape) if length != 1]
    fits = len(long) == 1 and graph.shape(call.outputs[0]) == (shape[long[0]],)
    return long[0] if fits else 0


def _moved(graph: MatchedGraph, value: str) -> Call | None:
    """The Range whose numbers a value holds, with other axes."""
    while (view := graph.maker(value, "Unsqueeze", "Reshape")) is not None:
        value = view.input(0)
    return graph.maker(value, "Range")
