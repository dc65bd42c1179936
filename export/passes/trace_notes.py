"""Forget what the exporter noted while it traced."""

from __future__ import annotations

import onnx


def drop_trace_notes(model: onnx.ModelProto) -> None:
    """Remove metadata of nodes, values and weights: it names files and lines of this machine."""
    graph = model.graph
    for entries in (graph.node, graph.value_info, graph.initializer, graph.input, graph.output):
        for entry in entries:
            del entry.metadata_props[:]
    del graph.metadata_props[:]
