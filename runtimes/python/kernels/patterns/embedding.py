"""Sums of rows of tables, and the LayerNorm behind them, as `Embedding`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call
from edgebert.runtimes.kernels.patterns.layer_norm import read_layer_norm

_FLOAT, _INT8 = 1, 3
_INT32, _INT64 = 6, 7
_POSITION_IDS = 5  # where Embedding takes them


@dataclass(frozen=True)
class _Lookup:
    """Rows of a table: floats, or int8 with a scale for each row; "" where there is none."""

    table: str
    scale: str
    ids: str


def write_embeddings(graph: MatchedGraph) -> None:
    """(word + token type) + position, each a row of a table, -> Embedding, with a LayerNorm behind it.

    1. Of words and positions a table may be int8 rows with a scale each, as
       `edgebert.quantize.forms.embeddings` writes them; that of token types is floats.
    2. Sums are the same whichever side of an Add a value stands on, and in no other order:
       (word + position) + token type is left alone.
    3. The rows of the words are those whose ids are the graph's `input_ids`.
    4. Words alone are an Embedding where a LayerNorm is behind them; else they are only moved.
    """
    for call in reversed(tuple(graph.of_type("Add"))):  # the last Add of a sum before those in it
        if graph.has(call) and (embedding := _embedding(graph, call)) is not None:
            graph.replace(call, embedding := _without_ids(graph, embedding))
            _take_in_layer_norm(graph, embedding)
    for call in graph.of_type("LayerNormalization"):
        if (embedding := _words_alone(graph, call)) is not None:
            graph.replace(call, embedding)


def _embedding(graph: MatchedGraph, call: Call) -> Call | None:
    """The operator for a sum of rows, if `call` is the last Add of one."""
    parts = _added(graph, call)
    if parts is None:
        return None
    words, types, positions = parts
    shape = graph.shape(call.outputs[0])
    if shape is None or len(shape) != 3 or graph.shape(words.ids) != shape[:2]:
        return None
    if types and (types.scale or graph.shape(types.ids) != shape[:2]):
        return None
    if positions and graph.shape(positions.ids) not in (shape[:2], (1, shape[1])):
        return None
    none = _Lookup("", "", "")
    types, positions = types or none, positions or none
    inputs = (words.ids, words.table, words.scale, types.ids, types.table)
    places = (positions.ids, positions.table, positions.scale)
    return kernel_call("Embedding", call, (*inputs, *places))


def _words_alone(graph: MatchedGraph, call: Call) -> Call | None:
    norm, words = read_layer_norm(graph, call), _lookup(graph, call.input(0))
    if norm is None or words is None or not _is_words(graph, words):
        return None
    shape = graph.shape(call.input(0))
    if shape is None or len(shape) != 3 or graph.shape(words.ids) != shape[:2]:
        return None
    inputs = (words.ids, words.table, words.scale, "", "", "", "", "", norm.gain, norm.shift)
    return kernel_call("Embedding", call, inputs, {"epsilon": norm.epsilon})


def _without_ids(graph: MatchedGraph, embedding: Call) -> Call:
    """The same with the number of the first position, where positions are counted from there."""
    count = graph.maker(embedding.input(_POSITION_IDS), "Slice")
    ids = graph.whole(count.input(0)) if count else None
    if count is None or not ids or ids[0] < 0 or ids != tuple(range(ids[0], ids[0] + len(ids))):
        return embedding
    if graph.shape(count.outputs[0]) != (1, (graph.shape(embedding.inputs[0]) or (0, 0))[1]):
        return embedding
    inputs = list(embedding.inputs)
    inputs[_POSITION_IDS] = ""
    attributes = {**embedding.attributes, "first_position": ids[0]}
    return replace(embedding, inputs=tuple(inputs), attributes=attributes)


def _added(
    graph: MatchedGraph, call: Call
) -> tuple[_Lookup, _Lookup | None, _Lookup | None] | None:
    """Words, token types and positions of a sum; None if it is another one, or in another order."""
    sides = [_lookup(graph, name) for name in call.inputs]
    for (lookup, other), value in zip((sides, sides[::-1]), call.inputs[::-1], strict=True):
        if lookup is None:
            continue
        if other is not None and _is_words(graph, other):
            return (other, None, lookup) if _is_position(graph, lookup) else (other, lookup, None)
        inner = graph.maker(value, "Add")
        if inner is None or graph.sole_reader(value) is None:
            continue
        first = [_lookup(graph, name) for name in inner.inputs]
        for words, types in (first, first[::-1]):
            if words is not None and types is not None and _is_words(graph, words):
                return words, types, lookup
    return None


def _is_words(graph: MatchedGraph, lookup: _Lookup) -> bool:
    return lookup.ids == "input_ids" and lookup.ids in graph.inputs


def _is_position(graph: MatchedGraph, lookup: _Lookup) -> bool:
    """Whether it is better taken for a position than a token type: both are only rows of a table."""
    shape = graph.shape(lookup.ids)
    return bool(lookup.scale) or (shape is not None and shape[0] == 1)


def _lookup(graph: MatchedGraph, value: str) -> _Lookup | None:
    """The rows of a table that nobody else reads, but for their shape."""
    readers = [call for call in graph.readers(value) if call.op_type != "Shape"]
    if len(readers) != 1 or value in graph.outputs:
        return None
    if (gather := graph.maker(value, "Gather")) is not None:
        return _rows(graph, gather, _FLOAT)
    scaled = graph.maker(value, "Mul")
    if scaled is None:
        return None
    for floats, scale in (scaled.inputs, scaled.inputs[::-1]):
        cast, scales = graph.maker(floats, "Cast"), graph.maker(scale, "Gather")
        codes = cast and graph.maker(cast.input(0), "Gather")
        if cast and scales and codes and cast.attributes.get("to") == _FLOAT:
            return _scaled_rows(graph, codes, scales)
    return None


def _rows(graph: MatchedGraph, gather: Call, data_type: int) -> _Lookup | None:
    table, ids = gather.input(0), gather.input(1)
    shape = graph.constant_shape(table)
    if shape is None or len(shape) != 2 or gather.attributes.get("axis", 0) not in (0, -2):
        return None
    if graph.data_type(table) != data_type or graph.data_type_of(ids) not in (_INT32, _INT64):
        return None
    return _Lookup(table, "", ids)


def _scaled_rows(graph: MatchedGraph, codes: Call, scales: Call) -> _Lookup | None:
    rows, scale = _rows(graph, codes, _INT8), _rows(graph, scales, _FLOAT)
    if rows is None or scale is None or rows.ids != scale.ids:
        return None
    length, shape = (
        (graph.constant_shape(rows.table) or (0,))[0],
        (graph.constant_shape(scale.table)),
    )
    return replace(rows, scale=scale.table) if shape == (length, 1) else None


def _take_in_layer_norm(graph: MatchedGraph, embedding: Call) -> None:
    reader = graph.sole_reader(embedding.outputs[0])
    norm = read_layer_norm(graph, reader) if reader is not None else None
    if reader is None or norm is None or norm.residual:
        return
    inputs, attributes = (*embedding.inputs, norm.gain, norm.shift), dict(embedding.attributes)
    attributes["epsilon"] = norm.epsilon
    wider = replace(
        embedding,
        inputs=inputs,
        attributes=attributes,
        outputs=reader.outputs[:1],
        name=reader.name,
    )
    graph.replace(reader, wider)
