"""Weights that lie in files beside a graph: named by the graph, and therefore not to be trusted.

A location is what whoever made the file wrote there; a reader that follows it anywhere hands out
any file of the machine (CVE-2026-34445). Format: https://onnx.ai/onnx/repo-docs/ExternalData.html
"""

from __future__ import annotations

from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path, PureWindowsPath

from edgebert.errors import InputError
from edgebert.git_lfs import refuse_pointer
from edgebert.onnx_graph.wire_format import Message

EXTERNAL_DATA_BYTES = 1_500_000_000
"""Weights beyond this go into a file beside the graph: protobuf ends at 2 GB."""

_EXTERNAL = 1  # TensorProto.DataLocation


def external_files(path: Path) -> tuple[str, ...]:
    """Names of the files that hold weights of the graph at `path`, each one in the same folder.

    Raises:
        InputError: the graph cannot be read, or a name is absolute, leads out of its folder (also
            by a link) or to no file.
    """
    refuse_pointer(path)
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            names = sorted(set(_locations(Message(data, 0, len(data)))))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged or not an ONNX file: {error}") from error
    for name in names:
        _require_within(path, name)
    return tuple(names)


def _require_within(path: Path, name: str) -> None:
    pure, file = PureWindowsPath(name), path.parent / name  # which knows what leads away anywhere
    # a cache of the hub links both files to where it keeps them, side by side
    homes = {path.parent.resolve(), path.resolve().parent}
    away = not any(file.resolve().is_relative_to(home) for home in homes)
    if not name or pure.anchor or ".." in pure.parts or away:
        raise InputError(f"{path} takes weights from {name!r}, which is outside its folder")
    if not file.is_file():
        raise InputError(f"{path} takes weights from {name}, which is missing")
    refuse_pointer(file)


def _locations(model: Message) -> Iterator[str]:
    for tensor in _tensors(model):
        if tensor.number(14) == _EXTERNAL or tensor.messages(13):
            entries = {entry.text(1): entry.text(2) for entry in tensor.messages(13)}
            yield entries.get("location", "")


def _tensors(model: Message) -> Iterator[Message]:
    """Every TensorProto of a model, wherever its format allows one."""
    for graph in model.messages(7):
        yield from _of_graph(graph)
    for training in model.messages(20):
        for graph in training.messages(1) + training.messages(2):
            yield from _of_graph(graph)
    for function in model.messages(25):
        yield from _of_nodes(function.messages(7))


def _of_graph(graph: Message) -> Iterator[Message]:
    yield from graph.messages(5)
    for sparse in graph.messages(15):
        yield from sparse.messages(1) + sparse.messages(2)
    yield from _of_nodes(graph.messages(1))


def _of_nodes(nodes: list[Message]) -> Iterator[Message]:
    for attribute in (attribute for node in nodes for attribute in node.messages(5)):
        yield from attribute.messages(5) + attribute.messages(10)
        for sparse in attribute.messages(22) + attribute.messages(23):
            yield from sparse.messages(1) + sparse.messages(2)
        for graph in attribute.messages(6) + attribute.messages(11):
            yield from _of_graph(graph)
