"""The values of a constant, wherever a TensorProto keeps them.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.onnx_graph.edited_message import EditedMessage
from edgebert.onnx_graph.wire_format import Message

Array = npt.NDArray[Any]

_FLOATS, _INT32, _INT64, _RAW, _DOUBLES, _UINT64, _EXTERNAL = 4, 5, 7, 9, 10, 11, 13
_DTYPES: dict[int, Any] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64,
    9: np.bool_, 10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64,
}  # fmt: skip
_FLOAT16, BFLOAT16 = 10, 16
_ONE_BY_ONE = {7: _INT64, 12: _UINT64, 13: _UINT64}
"""Fields of integers by the tensor's type; those of all others are in int32_data."""


def tensor_values(tensor: Message | EditedMessage, folder: Path) -> Array | None:
    """The values of a TensorProto in its shape; None for types that numpy lacks, but for bfloat16.

    Args:
        tensor: where they are: in it, or it names the file beside the graph that has them.
        folder: of the graph, whose `external_files` were checked.

    Returns:
        An array of the tensor's type; float32 for bfloat16.

    Raises:
        ValueError: there are more or fewer values than its shape takes.
        OSError: the file beside the graph cannot be read.
    """
    data_type = tensor.number(2)
    if data_type not in _DTYPES and data_type != BFLOAT16:
        return None
    return _flat(tensor, data_type, folder).reshape(tensor.numbers(1))


def _flat(tensor: Message | EditedMessage, data_type: int, folder: Path) -> Array:
    if external := {entry.text(1): entry.text(2) for entry in tensor.messages(_EXTERNAL)}:
        return _of_raw(_external(external, folder), data_type)
    if tensor.length(_RAW):
        return _of_raw(tensor.data(_RAW), data_type)
    if data_type == 1:
        return tensor.floats(_FLOATS)
    if data_type == 11:
        return np.frombuffer(tensor.data(_DOUBLES), "<f8")
    numbers = tensor.numbers(_ONE_BY_ONE.get(data_type, _INT32))
    if data_type in (_FLOAT16, BFLOAT16):  # which are there as the bits of integers
        return _of_raw(np.asarray(numbers, "<u2").tobytes(), data_type)
    return np.asarray(numbers).astype(_DTYPES[data_type])


def _of_raw(raw: bytes, data_type: int) -> Array:
    if data_type == BFLOAT16:  # the upper half of a float32
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(raw, np.dtype(_DTYPES[data_type]).newbyteorder("<"))


def _external(entry: dict[str, str], folder: Path) -> bytes:
    with (folder / entry["location"]).open("rb") as stream:
        stream.seek(int(entry.get("offset", 0)))
        return stream.read(int(entry.get("length", -1)))
