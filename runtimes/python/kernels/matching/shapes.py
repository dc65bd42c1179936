"""Shapes of the values of a graph, as far as they follow from those of its inputs.

Kernel operators neither broadcast nor guess: whoever wants to put one into a graph asks here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from edgebert.onnx_graph.calls import Call

Length = int | str
"""One length of a shape: a number, or the name of one that varies."""

Shape = tuple[Length, ...]


class Constants(Protocol):
    """What is asked of a graph."""

    @property
    def inputs(self) -> Mapping[str, tuple[int, Shape | None]]: ...
    def constant_shape(self, name: str) -> tuple[int, ...] | None: ...
    def whole(self, name: str) -> tuple[int, ...] | None: ...
    def number(self, name: str) -> float | None: ...


class KnownShapes:
    """What is known so far: shapes, and the lengths that vectors of integers hold."""

    def __init__(self, graph: Constants) -> None:
        self.graph = graph
        self.shapes: dict[str, Shape] = {}
        self._lengths: dict[str, Shape] = {}
        for name, (_, shape) in graph.inputs.items():
            if shape is not None and all(shape):  # an unnamed length may be anything
                self.shapes[name] = shape

    def shape(self, name: str) -> Shape | None:
        constant = self.graph.constant_shape(name)
        return self.shapes.get(name) if constant is None else constant

    def set(self, call: Call, shape: Shape | None, output: int = 0) -> None:
        if shape is not None and output < len(call.outputs):
            self.shapes[call.outputs[output]] = shape

    def axes(self, call: Call, place: int) -> tuple[int, ...] | None:
        """Axes, which were an attribute before they became an input; None where unknown."""
        if call.input(place):
            return self.graph.whole(call.input(place))
        axes = call.attributes.get("axes")
        return tuple(map(int, axes)) if isinstance(axes, tuple) else None

    def vector(self, name: str) -> Shape | None:
        """The numbers that a vector of integers holds; none of a table, which may have millions."""
        if len(self.graph.constant_shape(name) or ()) > 1:
            return None
        return self.graph.whole(name) or self._lengths.get(name)

    def set_vector(self, call: Call, lengths: Shape | None) -> None:
        if lengths is not None:
            self._lengths[call.outputs[0]] = lengths


def broadcast(one: Shape, other: Shape) -> Shape | None:
    """The shape of a sum; None where it depends on lengths that vary."""
    rank = max(len(one), len(other))
    pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True)
    lengths: list[Length] = []
    for a, b in pairs:
        if a != b and a != 1 and b != 1:
            return None
        lengths.append(b if a == 1 else a)
    return tuple(lengths)


def with_length(shape: Shape, axis: int, length: Length) -> Shape:
    """The shape with another length along one axis."""
    lengths = list(shape)
    lengths[axis] = length
    return tuple(lengths)
