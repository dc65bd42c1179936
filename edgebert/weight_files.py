"""The headers of safetensors files: what tensors there are, and whether a file is whole.

Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.errors import CheckpointError
from edgebert.git_lfs import refuse_pointer
from edgebert.json_files import parse, read_object

Array = npt.NDArray[np.float32]
INDEX = "model.safetensors.index.json"
"""Says which of several files holds which tensor."""

PICKLED_INDEX = "pytorch_model.bin.index.json"

_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_INTEGERS = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}


def check_weights(folder: Path) -> None:
    """Look at the header of every weight file: a cut or foreign file is told here, in one line.

    Raises:
        CheckpointError: no safetensors file, one that is missing, or one that is damaged.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickles = pickled_weights(folder)
        if pickles:
            refuse_pointer(pickles[0], CheckpointError)
            raise CheckpointError(
                f"{pickles[0]} is a pickle, which can run code when it is opened: save the model "
                "as safetensors first, or export it with --allow-pickle"
            )
        raise CheckpointError(f"{folder} has no weights: expected model.safetensors")
    require_shards(folder, INDEX)
    for file in files:
        read_tensors(file)


def require_shards(folder: Path, index: str) -> None:
    """Look whether all files are there over which an index spreads the weights.

    Raises:
        CheckpointError: one is missing, or is outside the folder.
    """
    for name in _listed_files(folder / index):
        if Path(name).name != name:
            raise CheckpointError(f"{folder / index} leaves its folder: {name!r}")
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} is not whole: {index} lists {name}, which is missing")


def pickled_weights(folder: Path) -> list[Path]:
    """Weights in PyTorch's own format. Other .bin files (training_args.bin) are never opened."""
    return sorted(folder.glob("pytorch_model*.bin"))


def read_tensors(file: Path) -> dict[str, dict[str, Any]]:
    """Name to `dtype`, `shape` and `data_offsets` of each tensor.

    Raises:
        CheckpointError: the file is damaged, or no safetensors file.
    """
    refuse_pointer(file, CheckpointError)
    size = file.stat().st_size
    with file.open("rb") as stream:
        header_size = int.from_bytes(stream.read(8), "little")
        if not 2 <= header_size <= size - 8:
            raise CheckpointError(f"{file} is damaged: its header does not fit its size")
        try:
            tensors = parse(stream.read(header_size).decode("utf-8"))
            tensors.pop("__metadata__", None)
            expected = 8 + header_size + _tensor_bytes(tensors)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CheckpointError(f"{file} is damaged: its header cannot be read") from error
    if size != expected:
        raise CheckpointError(f"{file} is damaged: {size} bytes, but its header says {expected}")
    return dict(tensors)


def read_array(file: Path, name: str) -> Array:
    """One float tensor, as float32.

    Raises:
        CheckpointError: the file is damaged, has no such tensor, or holds it in another type.
    """
    values = read_numbers(file, name)
    if values.dtype.kind != "f":
        raise CheckpointError(f"{file}: {name} is {values.dtype.name}, not a float")
    return values.astype(np.float32)


def read_numbers(file: Path, name: str) -> npt.NDArray[Any]:
    """One tensor of floats or integers, as it is; bfloat16 as float32.

    Raises:
        CheckpointError: the file is damaged, has no such tensor, or holds it in another type.
    """
    tensor = read_tensors(file).get(name)
    if tensor is None:
        raise CheckpointError(f"{file} holds no {name}")
    begin, end = tensor["data_offsets"]
    with file.open("rb") as stream:
        stream.seek(8 + int.from_bytes(stream.read(8), "little") + begin)
        data = stream.read(end - begin)
    if tensor["dtype"] == "BF16":  # the upper half of a float32
        widened = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
        return widened.reshape(tensor["shape"])
    dtype = (_FLOATS | _INTEGERS).get(tensor["dtype"])
    if dtype is None:
        raise CheckpointError(f"{file}: {name} is {tensor['dtype']}, not a float or an integer")
    return np.frombuffer(data, dtype).reshape(tensor["shape"])


def _listed_files(index: Path) -> list[str]:
    """The files that an index names; none where there is no index."""
    weight_map = read_object(index).get("weight_map") or {}
    if not isinstance(weight_map, dict):
        raise CheckpointError(f"{index} does not say which file holds which tensor")
    return sorted(set(map(str, weight_map.values())))


def _tensor_bytes(tensors: dict[str, Any]) -> int:
    """Bytes of all tensors; a ValueError where they do not lie one after the other."""
    end = 0
    for tensor in sorted(tensors.values(), key=lambda tensor: tensor["data_offsets"]):
        bits = int("".join(re.findall(r"\d+", tensor["dtype"])[:1]) or 8)  # F32, F8_E4M3, BOOL
        begin, stop = tensor["data_offsets"]
        if begin != end or 8 * (stop - begin) != bits * math.prod(tensor["shape"]):
            raise ValueError("a tensor is not where the one before it ends, or of another size")
        end = stop
    return end
