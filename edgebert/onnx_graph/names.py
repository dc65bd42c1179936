"""Where a GraphProto in the wire format names its values."""

from __future__ import annotations

from collections.abc import Iterator

from edgebert.onnx_graph.edited_message import EditedMessage


def named_places(graph: EditedMessage) -> Iterator[tuple[EditedMessage, int]]:
    """Every field that names values, in subgraphs too: the message and the number of its field."""
    for node in graph.messages(1):
        yield node, 1
        yield node, 2
        for subgraph in subgraphs(node):
            yield from named_places(subgraph)
    for tensor in graph.messages(5):
        yield tensor, 8
    for field in (11, 12, 13):
        for value in graph.messages(field):
            yield value, 1
    for annotation in graph.messages(14):
        yield annotation, 1
        for entry in annotation.messages(2):
            yield entry, 2
    for sparse in graph.messages(15):
        for tensor in sparse.messages(1):
            yield tensor, 8


def names_read(node: EditedMessage) -> Iterator[str]:
    """Names that a node reads, those that its subgraphs take from around them among them."""
    yield from node.texts(1)
    for subgraph in subgraphs(node):
        for inner in subgraph.messages(1):
            yield from names_read(inner)
        yield from (value.text(1) for value in subgraph.messages(12))


def names_made(graph: EditedMessage) -> Iterator[str]:
    """Names of all values of a graph, those of its subgraphs left out."""
    yield from names_before(graph)
    for node in graph.messages(1):
        yield from node.texts(2)


def names_before(graph: EditedMessage) -> Iterator[str]:
    """Names of the values that a graph has before any node has run."""
    yield from (value.text(1) for value in graph.messages(11))
    yield from (tensor.text(8) for tensor in graph.messages(5))
    for sparse in graph.messages(15):
        yield from (tensor.text(8) for tensor in sparse.messages(1))


def subgraphs(node: EditedMessage) -> Iterator[EditedMessage]:
    """The bodies that a node holds, as If and Loop do."""
    for attribute in node.messages(5):
        yield from attribute.messages(6) + attribute.messages(11)
