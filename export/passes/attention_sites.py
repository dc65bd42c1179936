"""Where a graph spells attention out: what surrounds each Softmax, whatever the order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import onnx

from edgebert.onnx_graph.in_memory.def_use import SHAPE_OPERATORS, DefUse, attribute

_MOVES = frozenset(("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Flatten"))
_FARTHEST = 10


@dataclass(frozen=True)
class Factor:
    """A number that a value is multiplied with, or divided by (`inverse`)."""

    name: str
    inverse: bool


@dataclass(frozen=True)
class Origin:
    """A value that another is made of by moving its elements and scaling them by `factors`."""

    name: str
    factors: tuple[Factor, ...]


@dataclass(frozen=True)
class Link:
    """What happens to the scores before the softmax: one node on the way from MatMul to Softmax.

    Attributes:
        kind: "scale", "add" or "where".
        name: the number, the addend or the condition.
        fill: for "where", what stands where scores are masked.
        keep: for "where", the value of the condition that keeps the scores.
    """

    kind: str
    name: str
    inverse: bool = False
    fill: str = ""
    keep: bool = False


@dataclass(frozen=True)
class AttentionSite:
    """One softmax(q k^T) v, as its operators lie; nothing here is proved yet.

    Attributes:
        scores, context: the two matrix products.
        links: in the order of the data.
        queries, keys, values: what the inputs of the products may come from, farthest first.
        outputs: what is made of the context by moving its elements, farthest first.
    """

    softmax: onnx.NodeProto
    scores: onnx.NodeProto
    context: onnx.NodeProto
    links: tuple[Link, ...]
    queries: tuple[Origin, ...]
    keys: tuple[Origin, ...]
    values: tuple[Origin, ...]
    outputs: tuple[str, ...]


def attention_sites(def_use: DefUse) -> tuple[list[AttentionSite], list[str]]:
    """Every Softmax over the last axis that a matrix product reads.

    Returns:
        Those between a product of query and key and one with values, and the names of the others.
    """
    sites, others = [], []
    for node in def_use.producers.values():
        if node.op_type != "Softmax" or attribute(node, "axis", -1) not in (-1, 3):
            continue
        context = _context(def_use, node.output[0])
        site = None if context is None else _site(def_use, node, context)
        if site is not None:
            sites.append(site)
        elif _reaches_product(def_use, node):
            others.append(node.name or node.output[0])
    return sites, others


def _reaches_product(def_use: DefUse, softmax: onnx.NodeProto) -> bool:
    """Whether a MatMul reads what a softmax gives, a few operators on."""
    nodes = [softmax]
    for _ in range(4):
        nodes = [
            reader for node in nodes for name in node.output for reader in def_use.readers(name)
        ]
        if any(node.op_type == "MatMul" for node in nodes):
            return True
    return False


def _site(
    def_use: DefUse, softmax: onnx.NodeProto, context: onnx.NodeProto
) -> AttentionSite | None:
    way = _way_to_scores(def_use, softmax.input[0], _FARTHEST)
    if way is None:
        return None
    scores, links = way
    return AttentionSite(
        softmax=softmax,
        scores=scores,
        context=context,
        links=links,
        queries=_origins(def_use, scores.input[0]),
        keys=_origins(def_use, scores.input[1]),
        values=_origins(def_use, context.input[1]),
        outputs=_moved(def_use, context.output[0]),
    )


def _way_to_scores(
    def_use: DefUse, name: str, most: int
) -> tuple[onnx.NodeProto, tuple[Link, ...]] | None:
    """The product behind `name`, and what happens to it on the way."""
    node = def_use.producers.get(name)
    if node is None or most == 0:
        return None
    if node.op_type == "MatMul":
        return None if any(map(def_use.is_constant, node.input)) else (node, ())
    for data, link in _links(def_use, node):
        way = _way_to_scores(def_use, data, most - 1)
        if way is not None:
            return way[0], (*way[1], *link)
    return None


def _links(def_use: DefUse, node: onnx.NodeProto) -> Iterator[tuple[str, tuple[Link, ...]]]:
    """Each way to read a node as a link: the scores that go in, and what it does to them."""
    if node.op_type in ("Identity", "Dropout"):
        yield node.input[0], ()
    elif node.op_type == "Add":
        for data, addend in (node.input, reversed(node.input)):
            yield data, (Link("add", addend),)
    elif node.op_type == "Where":
        condition, where_true, where_false = node.input
        yield where_false, (Link("where", condition, fill=where_true, keep=False),)
        yield where_true, (Link("where", condition, fill=where_false, keep=True),)
    else:
        scaled = _scaled(def_use, node)
        if scaled is not None:
            data, factor = scaled
            yield data, (Link("scale", factor.name, inverse=factor.inverse),)


def _context(def_use: DefUse, name: str) -> onnx.NodeProto | None:
    """The product of the attention weights and the values.

    PyTorch's sdpa puts Where(IsNaN(weights), 0, weights) between, for rows that are all masked.
    """
    for _ in range(4):
        if name in def_use.outputs:
            return None
        readers = [n for n in def_use.readers(name) if n.op_type not in SHAPE_OPERATORS]
        guard = [n for n in readers if n.op_type == "Where" and n.input[2] == name]
        if len(guard) == 1 and _guards_nan(def_use, guard[0]):
            name = guard[0].output[0]
            continue
        if len(readers) != 1:
            return None
        (reader,) = readers
        if reader.op_type == "MatMul" and reader.input[0] == name:
            return None if def_use.is_constant(reader.input[1]) else reader
        if reader.op_type not in ("Identity", "Dropout"):
            return None
        name = reader.output[0]
    return None


def _guards_nan(def_use: DefUse, where: onnx.NodeProto) -> bool:
    test = def_use.producers.get(where.input[0])
    is_nan = test is not None and test.op_type == "IsNaN" and test.input[0] == where.input[2]
    return is_nan and def_use.scalar(where.input[1]) == 0


def _origins(def_use: DefUse, name: str) -> tuple[Origin, ...]:
    """What `name` is made of by moving and scaling, farthest first, `name` itself last."""
    found = [Origin(name, ())]
    while len(found) < _FARTHEST:
        node = def_use.producers.get(name)
        if node is None:
            break
        factors = found[-1].factors
        if node.op_type in _MOVES:
            name = node.input[0]
        else:
            scaled = _scaled(def_use, node)
            if scaled is None:
                break
            name, factor = scaled
            factors = (*factors, factor)
        found.append(Origin(name, factors))
    return tuple(reversed(found))


def _moved(def_use: DefUse, name: str) -> tuple[str, ...]:
    """What is made of `name` by moving its elements, farthest first, `name` itself last."""
    found = [name]
    while len(found) < _FARTHEST and name not in def_use.outputs:
        readers = [n for n in def_use.readers(name) if n.op_type not in SHAPE_OPERATORS]
        if len(readers) != 1 or readers[0].op_type not in _MOVES or readers[0].input[0] != name:
            break
        name = readers[0].output[0]
        found.append(name)
    return tuple(reversed(found))


def _scaled(def_use: DefUse, node: onnx.NodeProto) -> tuple[str, Factor] | None:
    """For a product with one number: what is scaled, and the number."""
    if node.op_type not in ("Mul", "Div"):
        return None
    if _is_number(def_use, node.input[1]):
        return node.input[0], Factor(node.input[1], inverse=node.op_type == "Div")
    if node.op_type == "Mul" and _is_number(def_use, node.input[0]):
        return node.input[1], Factor(node.input[0], inverse=False)
    return None


def _is_number(def_use: DefUse, name: str) -> bool:
    """A constant of one element, or something that is computed of shapes alone."""
    if def_use.is_constant(name):
        return def_use.size(name) == 1
    return def_use.made_of_shapes(name)
