"""The weights of an ONNX file as floats, under the names of the layers they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.errors import InputError
from edgebert.onnx_graph.external_data import external_files
from edgebert.onnx_graph.merged import names_within
from edgebert.onnx_graph.parts import constant_matmuls
from edgebert.onnx_graph.reading import Node, OnnxGraph, read_graph, tensors_of
from edgebert.onnx_graph.tensor_values import BFLOAT16, Array, tensor_values
from edgebert.onnx_graph.wire_format import Message

_FLOATS_AND_BYTES = (1, 2, 3, 10, 11, BFLOAT16)  # of TensorProto.DataType

MULTIPLIER = ".input_multiplier"
"""Ending of the name of what a layer's inputs are multiplied by, and its weight is divided by."""

BLOCKS = ".blocks"
"""Ending of the name of a weight in blocks, as MatMulNBits takes it."""

_OF_INPUTS = (MULTIPLIER, ".input_offset", ".input_scale")  # how they are rounded, no weights
_ROUNDING = ("DequantizeLinear", "QuantizeLinear", "Div", "Add")  # between that and the product


@dataclass(frozen=True)
class Weight:
    """One weight, with the number of bits each value is stored in.

    Attributes:
        values: float32, as the graph holds it: a linear layer's is [in, out].
        multiplier: float32 [in], what the layer's inputs are multiplied by before they meet the
            weight in its few bits; None for 1. A weight of a quiet input, which is multiplied by
            much, is coarse and still does no harm.
    """

    values: npt.NDArray[np.float32]
    bits: int
    multiplier: npt.NDArray[np.float32] | None = None


def read_weights(path: Path) -> dict[str, Weight]:
    """Read every float weight, and every one in few bits scaled back to floats.

    Known are QDQ graphs (a DequantizeLinear behind the weight), the names that onnxruntime's
    quantizer gives (NAME_quantized with NAME_scale and NAME_zero_point), and the blocks of
    MatMulNBits. Where a weight was divided by what its inputs are multiplied by (`MULTIPLIER`), that
    is undone. Weights of several layers in one tensor are told apart by its name.

    Raises:
        InputError: the file, or one that holds its weights, cannot be read or is damaged.
    """
    tensors, graph = read_tensors(path), read_graph(path)
    weights = {
        name: Weight(np.asarray(values, np.float32), 8 * values.itemsize)
        for name, values in tensors.items()
        if values.dtype.kind == "f" and not name.endswith(_OF_INPUTS)
    }
    multipliers = dict(_multipliers(graph, tensors))

    def undivided(name: str, values: npt.NDArray[np.float32]) -> Weight:
        multiplier = multipliers.get(name)
        own = values if multiplier is None else np.asarray(values * multiplier[:, None], np.float32)
        return Weight(own, 8, multiplier)

    for name, values in tensors.items():
        if values.dtype.kind != "f" and (scaled := _by_name(name, tensors)) is not None:
            weights[_plain(name)] = undivided(name, scaled)
    for node in graph.nodes:
        if node.op_type == "DequantizeLinear" and node.inputs[0] in tensors:
            name = node.inputs[0]
            weights[_plain(name)] = undivided(name, _by_node(node, tensors))
        elif node.op_type == "MatMulNBits" and not any(node.inputs[3:]):
            bits = node.attributes["bits"]
            name = node.inputs[1].removesuffix(BLOCKS)
            weights[name] = Weight(_of_blocks(node, tensors), bits)
    return dict(_told_apart(weights))


def _multipliers(graph: OnnxGraph, tensors: dict[str, Array]) -> Iterator[tuple[str, Array]]:
    """For each weight whose inputs are multiplied before they are rounded, by what: [inputs]."""
    producers = {name: node for node in graph.nodes for name in node.outputs}
    for matmul in constant_matmuls(graph):
        node = producers.get(matmul.node.inputs[0])
        while node is not None and node.op_type in _ROUNDING:
            node = producers.get(node.inputs[0])
        if node is not None and node.op_type == "Mul" and node.inputs[1].endswith(MULTIPLIER):
            yield matmul.weight.name, tensors[node.inputs[1]]


def _told_apart(weights: dict[str, Weight]) -> Iterator[tuple[str, Weight]]:
    for merged, weight in weights.items():
        names = names_within(merged)
        parts = np.split(weight.values, len(names), axis=-1) if len(names) > 1 else [weight.values]
        for name, values in zip(names, parts, strict=True):
            yield name, replace(weight, values=values)


def read_tensors(path: Path) -> dict[str, Array]:
    """Read the constants of a graph that are floats or 8-bit integers.

    Raises:
        InputError: the file, or one that holds its weights, cannot be read, is damaged or lies
            outside the graph's folder.
    """
    external_files(path)
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return dict(_tensors(Message(data, 0, len(data)), path.parent))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged or not an ONNX file: {error}") from error


def _tensors(model: Message, folder: Path) -> Iterator[tuple[str, Array]]:
    for name, tensor in tensors_of(model):
        if tensor.number(2) in _FLOATS_AND_BYTES:
            values = tensor_values(tensor, folder)
            assert values is not None
            yield name, values


def _by_name(name: str, tensors: dict[str, Array]) -> npt.NDArray[np.float32] | None:
    plain = _plain(name)
    scale = tensors.get(f"{plain}_scale")
    if plain == name or scale is None:
        return None
    return _scaled(tensors[name], scale, tensors.get(f"{plain}_zero_point"))


def _by_node(node: Node, tensors: dict[str, Array]) -> npt.NDArray[np.float32]:
    parts = [tensors.get(name) for name in node.inputs]
    zero_point = parts[2] if len(parts) > 2 else None
    scale = parts[1] if parts[1] is not None else np.float32(1)
    return _scaled(tensors[node.inputs[0]], scale, zero_point, node.attributes.get("axis"))


def _of_blocks(node: Node, tensors: dict[str, Array]) -> npt.NDArray[np.float32]:
    """The weight of a MatMulNBits without zero points, [inputs, outputs]."""
    bits, inputs = node.attributes["bits"], node.attributes["K"]
    codes = tensors[node.inputs[1]]
    if bits == 4:
        codes = np.stack([codes & 15, codes >> 4], axis=-1).reshape(*codes.shape[:2], -1)
    scales = tensors[node.inputs[2]].reshape(*codes.shape[:2], 1)
    floats = (codes.astype(np.float32) - (1 << (bits - 1))) * scales
    return np.asarray(floats.reshape(len(codes), -1)[:, :inputs].T, np.float32)


def _scaled(
    values: Array, scale: Any, zero_point: Array | None, axis: int | None = None
) -> npt.NDArray[np.float32]:
    """Scales back a whole tensor, or each slice along `axis` (by default the last)."""

    def aligned(given: Any) -> Array:
        numbers: Array = np.asarray(given)
        if numbers.size == 1:
            return numbers.reshape(())
        if numbers.ndim == values.ndim or axis is None:
            return numbers
        return numbers.reshape([-1 if i == axis % values.ndim else 1 for i in range(values.ndim)])

    shifted = values.astype(np.float32)
    if zero_point is not None:
        shifted = shifted - aligned(zero_point)
    return np.asarray(shifted * aligned(scale), np.float32)


def _plain(name: str) -> str:
    return name.removesuffix("_quantized").removesuffix("_int8")
