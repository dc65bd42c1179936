"""The headers of safetensors files: what tensors there are, and whether a file is whole.

Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError


def check_weights(folder: Path) -> None:
    """Look at the header of every weight file: a cut or foreign file is told here, in one line.

    Raises:
        CheckpointError: no safetensors file, or one that is damaged.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickled = next(iter(sorted(folder.glob("*.bin"))), None)
        if pickled:
            raise CheckpointError(
                f"{pickled} is a pickle, which can run code when it is opened: "
                "save the model as safetensors first"
            )
        raise CheckpointError(f"{folder} has no weights: expected model.safetensors")
    for file in files:
        read_tensors(file)


def read_tensors(file: Path) -> dict[str, dict[str, Any]]:
    """Name to `dtype`, `shape` and `data_offsets` of each tensor.

    Raises:
        CheckpointError: the file is damaged, or no safetensors file.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        header_size = int.from_bytes(stream.read(8), "little")
        if not 2 <= header_size <= size - 8:
            raise CheckpointError(f"{file} is damaged: its header does not fit its size")
        try:
            tensors = json.loads(stream.read(header_size))
            tensors.pop("__metadata__", None)
            expected = 8 + header_size + _tensor_bytes(tensors)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CheckpointError(f"{file} is damaged: its header cannot be read") from error
    if size != expected:
        raise CheckpointError(f"{file} is damaged: {size} bytes, but its header says {expected}")
    return dict(tensors)


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
