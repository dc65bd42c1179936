"""A model on disk: one file, or a graph and beside it the file that holds its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import onnx
from onnx import TensorProto, numpy_helper

from edgebert.onnx_graph.external_data import EXTERNAL_DATA_BYTES
from edgebert.onnx_graph.wire_format import field_head

_GRAPH, _INITIALIZER = 7, 5
"""Fields of ModelProto and GraphProto (onnx.proto)."""

_DESCRIBING = (1, 2, 8, 12, 16)
"""Fields of TensorProto that hold no values: dims, type, name, text and metadata."""

_LEAST_BYTES = 1024
"""Smaller constants stay in the graph, where shape inference reads them."""

_MAPPED_BYTES = 65_536
"""From this size on a constant starts where any system can map a file from: at a multiple of it."""

_ALIGNED_BYTES = 64
"""All others start at a multiple of this: no number lies across two lines of a cache."""


def save_model(model: onnx.ModelProto, path: Path, external_data_bytes: int | None = None) -> None:
    """Write a model; where its weights are larger than allowed for one file, in two.

    Weights are written one after the other: protobuf would hold all of them twice more.

    Args:
        model: stays as it is.
        path: of the graph. The weights go to PATH_data, beside it.
        external_data_bytes: most that weights in the graph's own file may take; by default
            `EXTERNAL_DATA_BYTES`.
    """
    tensors: Sequence[TensorProto] = model.graph.initializer
    if needs_two_files(model, external_data_bytes):
        with WeightFile(path.with_name(f"{path.name}_data")) as weights:
            tensors = [weights.put(tensor) for tensor in tensors]
    _write(model, tensors, path)


def needs_two_files(model: onnx.ModelProto, external_data_bytes: int | None = None) -> bool:
    """Whether the weights of a model are too large for the file of its graph."""
    bound = EXTERNAL_DATA_BYTES if external_data_bytes is None else external_data_bytes
    return sum(map(_size_bytes, model.graph.initializer)) > bound


class WeightFile:
    """A file that weights are put into, each where it can be mapped into memory."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def put(self, tensor: TensorProto) -> TensorProto:
        """Write the values of a constant; return what a graph in the same folder holds for it.

        A small constant, one of texts, and one whose values lie in a file already, stay as they are.
        """
        values = _raw(tensor)
        if len(values) < _LEAST_BYTES:
            return tensor
        aligned = _MAPPED_BYTES if len(values) >= _MAPPED_BYTES else _ALIGNED_BYTES
        self._file.write(bytes(-self._file.tell() % aligned))
        place = {"location": self._name, "offset": self._file.tell(), "length": len(values)}
        self._file.write(values)
        stub = TensorProto.FromString(_part(tensor, lambda number: number in _DESCRIBING))
        stub.data_location = TensorProto.EXTERNAL
        for key, value in place.items():
            stub.external_data.add(key=key, value=str(value))
        return stub


def _size_bytes(tensor: TensorProto) -> int:
    return len(tensor.raw_data) or int(tensor.ByteSize())


def _raw(tensor: TensorProto) -> bytes:
    """The values of a constant as the bytes that a file holds; none where they are no numbers."""
    if tensor.HasField("raw_data"):
        return bytes(tensor.raw_data)
    if tensor.data_location == TensorProto.EXTERNAL or tensor.data_type == TensorProto.STRING:
        return b""
    return bytes(numpy_helper.from_array(numpy_helper.to_array(tensor)).raw_data)


def _write(model: onnx.ModelProto, tensors: Sequence[TensorProto], path: Path) -> None:
    """Write what `onnx.save` would, with other initializers in the place of the model's."""
    before = _part(model.graph, lambda number: number < _INITIALIZER)
    after = _part(model.graph, lambda number: number > _INITIALIZER)
    sizes = [tensor.ByteSize() for tensor in tensors]
    heads = [field_head(_INITIALIZER, size) for size in sizes]
    graph_bytes = len(before) + sum(map(len, heads)) + sum(sizes) + len(after)
    with path.open("wb") as file:
        file.write(_part(model, lambda number: number < _GRAPH))
        file.write(field_head(_GRAPH, graph_bytes) + before)
        for head, tensor in zip(heads, tensors, strict=True):
            file.write(head)
            file.write(tensor.SerializeToString())
        file.write(after)
        file.write(_part(model, lambda number: number > _GRAPH))


def _part(
    message: onnx.ModelProto | onnx.GraphProto | TensorProto, wanted: Callable[[int], bool]
) -> bytes:
    """Some of the fields of a message, serialized."""
    part = type(message)()
    for field, value in message.ListFields():
        if wanted(field.number):
            if isinstance(value, int | float | str | bytes):
                setattr(part, field.name, value)
            else:
                getattr(part, field.name).MergeFrom(value)
    return bytes(part.SerializeToString())
