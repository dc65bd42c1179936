"""Both ends of a decoder: `TargetEmbedding` of its tokens, and `LogProbabilities` of the next ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call
from edgebert.runtimes.kernels.patterns.layer_norm import LayerNorm, read_layer_norm
from edgebert.runtimes.kernels.patterns.scaled import counted, spread_along

_FLOAT, _INT8 = 1, 3
_TO_LAST = (1, 2, 0)  # from [width, rows, tokens] to [rows, tokens, width]


def write_log_probabilities(graph: MatchedGraph) -> None:
    """LogSoftmax over the last axis -> LogProbabilities."""
    for call in graph.of_type("LogSoftmax"):
        shape = graph.shape(call.input(0))
        if shape and call.attributes.get("axis", -1) in (-1, len(shape) - 1) and graph.opset >= 13:
            graph.replace(call, kernel_call("LogProbabilities", call, (call.input(0),)))


@dataclass(frozen=True)
class _Rows:
    """Rows of a table [vocabulary, width] and their scales, "" for none; times numbers [width]."""

    ids: str
    table: str
    scales: str
    multiplier: npt.NDArray[np.float32]


def write_target_embedding(graph: MatchedGraph) -> None:
    """LayerNorm(rows of a table + Concat(Sin, Cos) of places) -> TargetEmbedding.

    1. A place is `past_lengths` of a row, plus the token's place among the new ones; angles are
       places times a constant [width / 2].
    2. A table of int8 may be stored by columns, as the weight of the last product is: its rows are
       then stored once more, to be read at one place.
    """
    for call in graph.of_type("LayerNormalization"):
        norm = read_layer_norm(graph, call)
        added = graph.maker(call.input(0), "Add")
        if norm is None or added is None:
            continue
        for words, waves in (added.inputs, added.inputs[::-1]):
            made = _embedding(graph, call, norm, words, waves)
            if made is not None:
                graph.replace(call, made)
                break


def _embedding(
    graph: MatchedGraph, call: Call, norm: LayerNorm, words: str, waves: str
) -> Call | None:
    places, rates = _angles(graph, waves)
    shape = graph.shape(call.outputs[0])
    if not places or shape is None or len(shape) != 3 or not isinstance(shape[2], int):
        return None
    rows, lengths = _rows(graph, words, shape[2]), _lengths(graph, places, shape[1])
    if rows is None or not lengths or graph.shape(rows.ids) != shape[:2]:
        return None
    if graph.shape(lengths) != shape[:1] or not graph.is_floats(rates, shape[2] // 2):
        return None
    multiplier = graph.add_constant(f"{rows.table}.multiplier", rows.multiplier)
    inputs = (rows.ids, lengths, rows.table, rows.scales, multiplier, rates, norm.gain, norm.shift)
    return kernel_call("TargetEmbedding", call, inputs, {"epsilon": norm.epsilon})


def _angles(graph: MatchedGraph, waves: str) -> tuple[str, str]:
    """Places in floats and rates, of Concat(Sin(places * rates), Cos(places * rates)); "" for none."""
    both = graph.maker(waves, "Concat")
    parts = (
        [graph.maker(name, kind) for name, kind in zip(both.inputs, ("Sin", "Cos"), strict=False)]
        if both
        else []
    )
    if both is None or both.attributes.get("axis") not in (-1, 2) or len(both.inputs) != 2:
        return "", ""
    angles = {part.input(0) for part in parts if part}
    product = graph.maker(angles.pop(), "Mul") if len(angles) == 1 and all(parts) else None
    for places, rates in (product.inputs, product.inputs[::-1]) if product else ():
        if graph.is_constant(rates):
            return places, rates
    return "", ""


def _lengths(graph: MatchedGraph, places: str, tokens: int | str) -> str:
    """The lengths that places are counted from: float(lengths + 0 .. tokens - 1), spread along width."""
    cast = graph.maker(places, "Cast")
    if cast is None or cast.attributes.get("to") != _FLOAT:
        return ""
    added = graph.maker(spread_along(graph, cast.input(0), 2), "Add")
    for lengths, count in (added.inputs, added.inputs[::-1]) if added else ():
        found = spread_along(graph, lengths, 1)
        if found in graph.inputs and counted(graph, count) == tokens:
            return found
    return ""


def _rows(graph: MatchedGraph, value: str, width: int) -> _Rows | None:
    """The rows of a table that a value is, times constants; None if it is something else.

    They may be looked up as columns, [width, rows, tokens], and be multiplied before they are turned.
    """
    multiplier = np.ones(width, np.float32)
    columns = False
    while True:
        product, moved = graph.maker(value, "Mul"), graph.maker(value, "Transpose")
        found = (
            _by_constant(graph, product, (width, 1, 1) if columns else (width,))
            if product
            else None
        )
        if found is not None:
            value, multiplier = found[0], multiplier * found[1]
        elif moved is not None and not columns and moved.attributes.get("perm") == _TO_LAST:
            value, columns = moved.input(0), True
        else:
            break
    if product is None:
        return None if columns else _float_rows(graph, value, multiplier)
    return _scaled_rows(graph, product, multiplier, columns=columns)


def _by_constant(
    graph: MatchedGraph, product: Call, shape: tuple[int, ...]
) -> tuple[str, npt.NDArray[np.float32]] | None:
    """The value that is multiplied, and a number or numbers along the width."""
    for value, constant in (product.inputs, product.inputs[::-1]):
        numbers = graph.values(constant) if graph.is_constant(constant) else None
        if (
            numbers is not None
            and numbers.dtype == np.float32
            and numbers.shape in ((), (1,), shape)
        ):
            return value, numbers.reshape(-1)
    return None


def _float_rows(
    graph: MatchedGraph, value: str, multiplier: npt.NDArray[np.float32]
) -> _Rows | None:
    rows = graph.maker(value, "Gather")
    if (
        rows is None
        or rows.attributes.get("axis", 0) != 0
        or graph.data_type(rows.input(0)) != _FLOAT
    ):
        return None
    return _Rows(rows.input(1), rows.input(0), "", multiplier)


def _scaled_rows(
    graph: MatchedGraph, product: Call, multiplier: npt.NDArray[np.float32], *, columns: bool
) -> _Rows | None:
    """Float(codes) * scales, each looked up by the same ids."""
    for floats, scales in (product.inputs, product.inputs[::-1]):
        cast, looked_up = graph.maker(floats, "Cast"), graph.maker(scales, "Gather")
        codes = graph.maker(cast.input(0), "Gather") if cast else None
        if codes is None or looked_up is None or codes.input(1) != looked_up.input(1):
            continue
        shape, axis = graph.constant_shape(codes.input(0)), codes.attributes.get("axis", 0)
        if shape is None or len(shape) != 2 or graph.data_type(codes.input(0)) != _INT8:
            continue
        scaled = graph.constant_shape(looked_up.input(0))
        fits = scaled == ((shape[1],) if columns else (shape[0], 1)) and axis == int(columns)
        if fits and looked_up.attributes.get("axis", 0) == 0:
            table = _stored_by_rows(graph, codes.input(0)) if columns else codes.input(0)
            return _Rows(codes.input(1), table, looked_up.input(0), multiplier) if table else None
    return None


def _stored_by_rows(graph: MatchedGraph, table: str) -> str:
    """The name of a table whose rows are the columns of another, "" for a huge one."""
    values = graph.values(table)
    return (
        ""
        if values is None
        else graph.add_constant(f"{table}.rows", np.ascontiguousarray(values.T))
    )
