"""Answers of a model as what is equal only where every bit of them is."""

from __future__ import annotations

from dataclasses import astuple, is_dataclass
from typing import Any

import numpy as np

from edgebert.tasks.sparse import SparseVector


def bits(value: Any) -> Any:
    """What is equal where, and only where, every bit is, and every type."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, SparseVector):
        return bits(value.indices), bits(value.weights)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), bits(astuple(value))
    if isinstance(value, list | tuple):
        return type(value), [bits(each) for each in value]
    if isinstance(value, dict):
        return [(key, bits(each)) for key, each in value.items()]
    return type(value), value.hex() if isinstance(value, float) else value
