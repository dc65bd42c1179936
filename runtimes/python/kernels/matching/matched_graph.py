"""A graph in memory, in which calls are replaced by kernel operators one value at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.onnx_graph.calls import Call
from edgebert.onnx_graph.edited_message import EditedMessage
from edgebert.onnx_graph.external_data import external_files
from edgebert.onnx_graph.rewriter import GraphRewriter, TensorType
from edgebert.onnx_graph.tensor_values import tensor_values
from edgebert.runtimes.kernels.matching.shape_inference import infer_shapes
from edgebert.runtimes.kernels.matching.shapes import Shape
from edgebert.runtimes.kernels.matching.value_types import infer_types

CONTRIB = "com.microsoft"
_FLOAT, _LARGEST_VALUE = 1, 1 << 22
_INTEGERS, _MANY = (6, 7), 1 << 16


class MatchedGraph:
    """The calls of a graph, who makes each value and who reads it.

    A call is never taken out by itself: `replace` gives a value another maker, and what nobody reads
    any longer leaves. A value that somebody else reads, or that is an output, therefore stays.

    Args:
        rewriter: of the graph; it is only read until `write_into`.
        path: of its file.

    Raises:
        ValueError: a value is made twice, a constant is damaged, or the model defines operators, of
            whatever name.
    """

    def __init__(self, rewriter: GraphRewriter, path: Path) -> None:
        if rewriter.functions:
            raise ValueError("operators of its own may be called as others are")
        self.opset = rewriter.operator_sets.get("", 0)
        self.inputs, self.outputs = rewriter.inputs, frozenset(rewriter.outputs)
        self._path = path
        self._calls: dict[str, Call] = {}
        self._makers: dict[str, Call] = {}
        self._readers: dict[str, list[Call]] = {}
        self._tensors = {n: t for n, t in rewriter.tensors.items() if n and n not in self.inputs}
        self._values: dict[str, npt.NDArray[Any] | None] = {}
        self._new: dict[str, npt.NDArray[Any]] = {}
        for call in rewriter.calls:
            self._add(call)
            if call.op_type == "Constant" and not call.domain and "value" in call.tensors:
                self._tensors[call.outputs[0]] = call.tensors["value"]
        self._original = dict(self._calls)
        self._declared: tuple[Mapping[str, TensorType], Mapping[str, TensorType]] | None = None
        self.shapes, self._types = infer_shapes(self, self.calls), infer_types(self, self.calls)

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls as they are now: those of the file in its order, and then the new ones."""
        return tuple(self._calls.values())

    def of_type(self, op_type: str, domain: str = "") -> Iterator[Call]:
        """Calls of one operator that are still there when their turn comes."""
        for call in self.calls:
            if call.op_type == op_type and call.domain == domain and self.has(call):
                yield call

    def has(self, call: Call) -> bool:
        return self._calls.get(_key(call)) is call

    def maker(self, value: str, *op_types: str, domain: str = "") -> Call | None:
        """The call that makes a value, if it is one of these operators."""
        call = self._makers.get(value)
        return call if call and call.op_type in op_types and call.domain == domain else None

    def readers(self, value: str) -> tuple[Call, ...]:
        """The calls that read a value, as often as they do."""
        return tuple(self._readers.get(value, ()))

    def sole_reader(self, value: str) -> Call | None:
        """The only call that reads a value, once, and that is no output of the graph."""
        readers = self._readers.get(value, ())
        return readers[0] if len(readers) == 1 and value not in self.outputs else None

    def is_constant(self, name: str) -> bool:
        return name in self._tensors or name in self._new

    def constant_shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of a constant; None for other values."""
        if name in self._new:
            return self._new[name].shape
        return self._tensors[name].numbers(1) if name in self._tensors else None

    def data_type(self, name: str) -> int:
        """TensorProto.DataType of a constant of the file, else 0."""
        return self._tensors[name].number(2) if name in self._tensors else 0

    def data_type_of(self, value: str) -> int:
        """TensorProto.DataType of any value of the file; 0 where nobody knows."""
        return self.data_type(value) or self._types.get(value, 0)

    def is_floats(self, name: str, *shape: int) -> bool:
        """Whether it is a constant of float32 in that shape."""
        if name in self._new:
            return self._new[name].dtype == np.float32 and self._new[name].shape == shape
        return self.data_type(name) == _FLOAT and self.constant_shape(name) == shape

    def values(self, name: str) -> npt.NDArray[Any] | None:
        """The values of a constant; None for other values and huge ones."""
        if name in self._new:
            return self._new[name]
        if name not in self._values:
            self._values[name] = self._read(name)
        return self._values[name]

    def number(self, name: str) -> float | None:
        """The value of a constant that holds one number."""
        values = self.values(name)
        if values is None or values.size != 1 or values.dtype.kind not in "fiub":
            return None
        return float(values.reshape(())[()])

    def whole(self, name: str) -> tuple[int, ...] | None:
        """The values of a small constant of int32 or int64, as lengths, axes and places are."""
        shape, integers = self.constant_shape(name), self.data_type(name) in _INTEGERS
        if shape is None or not integers or prod(shape) > _MANY:
            return None
        values = self.values(name)
        return None if values is None else tuple(map(int, values.reshape(-1)))

    def add_constant(self, name: str, values: npt.NDArray[Any]) -> str:
        """Add a constant under a name that is free, which is returned."""
        free, count = name, 0
        while self.is_constant(free) or free in self._makers or free in self.inputs:
            count += 1
            free = f"{name}.{count}"
        self._new[free] = values
        return free

    def value_name(self, name: str) -> str:
        """A name that no value has yet."""
        while name in self._makers or self.is_constant(name) or name in self.inputs:
            name += "."
        return name

    def put_shape(self, value: str, like: Shape | None, width: int) -> None:
        """Note that a new value has the shape of another but for its last axis."""
        if like is not None:
            self.shapes[value] = (*like[:-1], width)

    def replace(self, old: Call, *new: Call) -> None:
        """Put calls in place of one, of which the last gives the same values as it."""
        self._take_out(old)
        for call in new:
            self._add(self._tidy(call))
        self._sweep(old)

    def declare(self, inputs: Mapping[str, TensorType], outputs: Mapping[str, TensorType]) -> None:
        """Let a graph take some inputs more, and give these outputs and no others."""
        self._declared = inputs, outputs
        self.inputs = {**self.inputs, **inputs}
        gone, self.outputs = self.outputs - outputs.keys(), frozenset(outputs)
        for name in gone:
            if (maker := self._makers.get(name)) and not any(map(self._is_read, maker.outputs)):
                self._take_out(maker)
                self._sweep(maker)

    def write_into(self, rewriter: GraphRewriter) -> None:
        """Let the graph of the file become this one."""
        if self._declared is not None:
            inputs, outputs = self._declared
            rewriter.declare_inputs(inputs)
            rewriter.declare_outputs(outputs)
        gone = [key for key, call in self._original.items() if self._calls.get(key) is not call]
        made = [c for key, c in self._calls.items() if self._original.get(key) is not c]
        for name, values in self._new.items():
            rewriter.add_constant(name, values)
        rewriter.replace_nodes(gone, [call.new_node() for call in made])
        rewriter.remove_unread()

    def _add(self, call: Call) -> None:
        for name in filter(None, call.outputs):
            if name in self._makers or name in self._tensors or name in self.inputs:
                raise ValueError(f"{name} is made twice")
            self._makers[name] = call
        self._calls[_key(call)] = call
        for name in filter(None, (*call.inputs, *call.around)):
            self._readers.setdefault(name, []).append(call)

    def _tidy(self, call: Call) -> Call:
        """The call under a name of its own, without the inputs that it leaves out at its end."""
        names, name = {other.name for other in self._calls.values()}, call.name
        while name and name in names:
            name += "."
        count = max((place + 1 for place, value in enumerate(call.inputs) if value), default=0)
        return replace(call, name=name, inputs=call.inputs[:count])

    def _take_out(self, call: Call) -> None:
        del self._calls[_key(call)]
        for name in filter(None, call.outputs):
            del self._makers[name]
        for name in filter(None, (*call.inputs, *call.around)):
            self._readers[name].remove(call)

    def _sweep(self, gone: Call) -> None:
        """Take out what only the calls that went have read."""
        waiting = [*gone.inputs, *gone.around]
        while waiting:
            maker = self._makers.get(waiting.pop())
            if maker is not None and not any(map(self._is_read, maker.outputs)):
                self._take_out(maker)
                waiting += [*maker.inputs, *maker.around]

    def _is_read(self, value: str) -> bool:
        return bool(self._readers.get(value)) or value in self.outputs

    def _read(self, name: str) -> npt.NDArray[Any] | None:
        tensor: EditedMessage | None = self._tensors.get(name)
        if tensor is None or prod(tensor.numbers(1)) > _LARGEST_VALUE:
            return None
        if tensor.messages(13):
            external_files(self._path)  # refuses what leads out of its folder
        return tensor_values(tensor, self._path.parent)

    def shape(self, value: str) -> Shape | None:
        """Lengths of a value, names for those that vary; None where nobody knows."""
        known = self.constant_shape(value)
        return self.shapes.get(value) if known is None else known


def _key(call: Call) -> str:
    return next(filter(None, call.outputs), "")
