"""What numbers travel in."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
"""Outputs of a model, or what is made of them."""

Integers = npt.NDArray[np.integer[Any]]
"""Inputs of a graph: int64 or int32."""
