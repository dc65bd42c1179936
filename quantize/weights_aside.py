"""Large constants of a graph in one file beside it, which the graphs of a search share.

A search writes and opens a graph for each mixture. Floats that a mixture leaves as they are would
be written each time, and be in memory again for each session: out of a file they are mapped.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
from onnx import TensorProto, numpy_helper
from onnx.external_data_helper import load_external_data_for_model, set_external_data

from edgebert.quantize.preparing import PreparedGraph

_FILE = "weights-aside.bin"
_LEAST_BYTES = 65_536
_ALIGNED = 65_536  # bytes: where files may be mapped from, on any system


def put_weights_aside(prepared: PreparedGraph, folder: Path) -> PreparedGraph:
    """The same graph, whose large constants lie in a file of `folder`.

    Graphs that are written from it have to be in that folder, or take their weights back.
    """
    with (folder / _FILE).open("wb") as file:
        for tensor in prepared.model.graph.initializer:
            if tensor.ByteSize() >= _LEAST_BYTES:
                file.write(b"\0" * (-file.tell() % _ALIGNED))
                _move(tensor, file.tell(), file.write(_bytes_of(tensor)))
    # a message keeps the memory of what was taken out of it: another one takes its place
    model = onnx.ModelProto.FromString(prepared.model.SerializeToString())
    return replace(prepared, model=model, folder=folder)


def take_weights_back(model: onnx.ModelProto, folder: Path) -> None:
    """Put what lies in a file of `folder` into the graph again."""
    load_external_data_for_model(model, str(folder))


def _bytes_of(tensor: TensorProto) -> bytes:
    if not tensor.HasField("raw_data"):
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    return bytes(tensor.raw_data)


def _move(tensor: TensorProto, offset: int, length: int) -> None:
    set_external_data(tensor, location=_FILE, offset=offset, length=length)
    tensor.ClearField("raw_data")
