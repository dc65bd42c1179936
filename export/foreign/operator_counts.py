"""What optimizing did, counted."""

from __future__ import annotations

from pathlib import Path

from edgebert.export.foreign.fusion import Fusion
from edgebert.inspect import count_coverage
from edgebert.onnx_graph.reading import read_graph
from edgebert.records.manifest import Count

_KINDS = ("attention", "layer_norm", "gelu")


def count_operators(path: Path) -> dict[str, int]:
    """Nodes of a graph, and its single operators of each kind."""
    graph = read_graph(path)
    found = count_coverage(graph)
    nodes = sum(node.op_type != "Constant" for node in graph.nodes)
    return {"nodes": nodes, **{kind: found[kind] for kind in _KINDS}}


def coverage_after(path: Path, fusion: Fusion) -> dict[str, Count]:
    """Single operators, and how many there would be if nothing stayed spelled out."""
    found = count_operators(path)
    spelled_out = {"attention": fusion.attention.found - fusion.attention.fused}
    return {kind: Count(found[kind] + spelled_out.get(kind, 0), found[kind]) for kind in _KINDS}
