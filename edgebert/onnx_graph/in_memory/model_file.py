"""Graphs on disk, with weights beyond what one protobuf file should hold in a file beside it."""

from __future__ import annotations

from pathlib import Path

import onnx

from edgebert.onnx_graph.wire_format import field_head

_GRAPH, _INITIALIZER = 7, 5
"""Fields of ModelProto and GraphProto (onnx.proto)."""

_STAYS_BYTES = 1024
"""Smaller constants stay in the graph, where shape inference reads them."""


def load_traced(path: Path) -> onnx.ModelProto:
    """Read what torch's exporter wrote, with the weights that it put beside the graph."""
    model = onnx.load(path)
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)
    return model


def save_graph(model: onnx.ModelProto, path: Path, external_data_bytes: int) -> None:
    """Write a graph; where its weights are larger than `external_data_bytes`, in two files.

    The weights leave `model`, so that they are in memory only once.
    """
    if _weight_bytes(model) <= external_data_bytes:
        _save_as_one_file(model, path)
        return
    onnx.save(
        model,
        path,
        save_as_external_data=True,
        location=f"{path.name}_data",
        size_threshold=_STAYS_BYTES,
    )


def _save_as_one_file(model: onnx.ModelProto, path: Path) -> None:
    """Write one weight after the other: protobuf would hold all of them twice more."""
    weights = list(model.graph.initializer)
    del model.graph.initializer[:]
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    sizes = [weight.ByteSize() for weight in weights]
    heads = [field_head(_INITIALIZER, size) for size in sizes]
    with path.open("wb") as file:
        file.write(model.SerializeToString())
        file.write(field_head(_GRAPH, len(graph) + sum(map(len, heads)) + sum(sizes)) + graph)
        for head, weight in zip(heads, weights, strict=True):
            file.write(head)
            file.write(weight.SerializeToString())


def _weight_bytes(model: onnx.ModelProto) -> int:
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer)
