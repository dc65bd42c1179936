"""Nodes in an order in which each stands behind what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from edgebert.onnx_graph.edited_message import EditedMessage
from edgebert.onnx_graph.names import names_before, names_made, names_read, subgraphs


def in_order(graph: EditedMessage) -> list[EditedMessage]:
    """The nodes of a graph, moved no further than it takes.

    Raises:
        ValueError: a value that is read is made by nothing, or one is made twice, or nodes read each
            other in a circle.
    """
    nodes = graph.messages(1)
    reads = [set(_read_outside(node)) for node in nodes]
    makers = _makers(graph, [*reads, {value.text(1) for value in graph.messages(12)}])
    awaited = [{makers[name] for name in names if name in makers} for names in reads]
    readers: list[list[int]] = [[] for _ in nodes]
    for place, before in enumerate(awaited):
        for maker in before:
            readers[maker].append(place)
    ready = [place for place, before in enumerate(awaited) if not before]  # a heap: sorted
    ordered = []
    while ready:
        place = heappop(ready)
        ordered.append(nodes[place])
        for reader in readers[place]:
            awaited[reader].discard(place)
            if not awaited[reader]:
                heappush(ready, reader)
    if len(ordered) < len(nodes):
        raise ValueError("its nodes read each other in a circle")
    return ordered


def _makers(graph: EditedMessage, reads: Iterable[set[str]]) -> dict[str, int]:
    """The place of the node that makes each value, if everything that is read is made, once."""
    given, makers = {"", *names_before(graph)}, dict[str, int]()
    for place, node in enumerate(graph.messages(1)):
        for name in filter(None, node.texts(2)):
            if name in given or name in makers:
                raise ValueError(f"{name} is made twice")
            makers[name] = place
    if missing := set().union(*reads) - given - makers.keys():
        raise ValueError(f"nothing makes {', '.join(sorted(missing))}, which the graph reads")
    return makers


def _read_outside(node: EditedMessage) -> Iterator[str]:
    """What a node reads of the graph around it."""
    inside = {name for subgraph in subgraphs(node) for name in _made_inside(subgraph)}
    return (name for name in names_read(node) if name not in inside)


def _made_inside(graph: EditedMessage) -> Iterator[str]:
    yield from names_made(graph)
    for node in graph.messages(1):
        for subgraph in subgraphs(node):
            yield from _made_inside(subgraph)
