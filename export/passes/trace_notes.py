"""What torch's exporter noted while it traced: read, and forgotten."""

from __future__ import annotations

import ast

import onnx

_SCOPES = "pkg.torch.onnx.name_scopes"


def noted_modules(node: onnx.NodeProto) -> list[str]:
    """Paths of the modules that a node came from, outermost first; the last names its operation.

    Empty for a node that a pass made.
    """
    noted = next((entry.value for entry in node.metadata_props if entry.key == _SCOPES), "[]")
    return [scope for scope in ast.literal_eval(noted) if isinstance(scope, str)]


def drop_trace_notes(model: onnx.ModelProto) -> None:
    """Remove metadata of nodes, values and weights: it names files and lines of this machine."""
    graph = model.graph
    for entries in (graph.node, graph.value_info, graph.initializer, graph.input, graph.output):
        for entry in entries:
            del entry.metadata_props[:]
    del graph.metadata_props[:]
