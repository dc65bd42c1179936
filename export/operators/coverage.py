"""What the architecture implies, against what the graph holds: a lost fusion fails the export."""

from __future__ import annotations

from collections import Counter

import onnx

from edgebert.export.operators.expected_operators import Traced, name_in_checkpoint
from edgebert.export.passes.trace_notes import noted_modules
from edgebert.inspect.inspection import FUSED_OPERATORS
from edgebert.records.manifest import Count


def coverage_of(model: onnx.ModelProto, traced: Traced) -> dict[str, Count]:
    """Expected and found counts of single operators; what nobody promised counts as expected."""
    operators = Counter(node.op_type for node in model.graph.node)
    counts = {}
    for part, layers in traced.expected.items():
        found = sum(operators[name] for name in FUSED_OPERATORS[part])
        counts[part] = Count(max(len(layers), found), found)
    return counts


def lost_coverage(model: onnx.ModelProto, traced: Traced) -> list[str]:
    """A sentence for each kind of operator that is missing somewhere, with the first such place."""
    sentences = []
    for part, count in coverage_of(model, traced).items():
        if count.found < count.expected:
            lost = _first_missing(model, part, traced.expected[part])
            where = f"; {lost} is not" if lost else ""
            name = part.replace("_", " ")
            sentences.append(f"{name} is fused in {count.found} of {count.expected} places{where}")
    return sentences


def _first_missing(model: onnx.ModelProto, part: str, expected: tuple[str, ...]) -> str | None:
    """The first module that has no operator of its own; None where only the number is short."""
    operators = FUSED_OPERATORS[part]
    found = Counter(_module(node) for node in model.graph.node if node.op_type in operators)
    for name in expected:
        if not found[name]:
            return name
        found[name] -= 1
    return None


def _module(node: onnx.NodeProto) -> str:
    """Path of the module that a node was traced from; empty for a node that a pass made."""
    modules = noted_modules(node)
    # the last names the node itself
    return name_in_checkpoint(modules[-2]) if len(modules) > 1 else ""
