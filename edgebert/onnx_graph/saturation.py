"""Sums that leave 16 bits: where x86 CPUs without VNNI multiply u8 by s8 otherwise than the rest.

VPMADDUBSW adds the products of two neighbouring inputs and clips the sum to int16; AVX2, and
AVX-512 without VNNI, have nothing else for u8 x s8. VNNI, ARM and WebAssembly add in 32 bits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgebert.onnx_graph.parts import WEIGHT_ONLY, constant_matmuls
from edgebert.onnx_graph.reading import INT8, read_graph
from edgebert.onnx_graph.weights import read_tensors

_LOWEST, _HIGHEST, _LARGEST_CODE = -(2**15), 2**15 - 1, 255


def can_saturate(weight: npt.NDArray[np.int8]) -> bool:
    """Whether some uint8 inputs make a sum leave 16 bits.

    Args:
        weight: int8 [inputs, outputs].
    """
    return bool(overflowing_share(weight) > 0)


def sums_can_overflow(model: Path) -> bool:
    """Whether some layer of an ONNX file has sums of u8 x s8 that can leave 16 bits."""
    weights = {
        matmul.weight.name
        for matmul in constant_matmuls(read_graph(model))
        if matmul.int8 and matmul.form != WEIGHT_ONLY and matmul.weight.data_type == INT8
    }
    tensors = read_tensors(model) if weights else {}
    return any(can_saturate(tensors[name]) for name in weights if tensors[name].ndim == 2)


def overflowing_share(weight: npt.NDArray[np.int8]) -> float:
    """Share of the pairs of neighbouring inputs whose sum the largest inputs make overflow."""
    first, second = _pairs(weight)
    if not first.size:
        return 0.0
    positive = np.maximum(first, 0) + np.maximum(second, 0)
    negative = np.minimum(first, 0) + np.minimum(second, 0)
    over = (_LARGEST_CODE * positive > _HIGHEST) | (_LARGEST_CODE * negative < _LOWEST)
    return float(over.mean())


def saturation_error(
    codes: npt.NDArray[np.uint8], zero_point: int, weight: npt.NDArray[np.int8]
) -> float:
    """How far clipped sums move the products of a layer: ||clipped - exact|| / ||exact||.

    Args:
        codes: uint8 [tokens, inputs].
        zero_point: code of 0.
        weight: int8 [inputs, outputs].
    """
    first, second = _pairs(weight)
    rows = codes[:, : 2 * len(first)].astype(np.int32)
    lost = np.zeros((len(codes), weight.shape[1]))
    for row, (a, b) in enumerate(zip(rows[:, 0::2], rows[:, 1::2], strict=True)):
        sums = a[:, None] * first + b[:, None] * second
        lost[row] = (np.clip(sums, _LOWEST, _HIGHEST) - sums).sum(axis=0)
    exact = (codes.astype(np.float64) - zero_point) @ weight.astype(np.float64)
    return float(np.linalg.norm(lost) / max(float(np.linalg.norm(exact)), 1e-12))


def _pairs(
    weight: npt.NDArray[np.int8],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The first and the second of each two neighbours along the inputs, int32."""
    even = len(weight) // 2 * 2
    return weight[0:even:2].astype(np.int32), weight[1:even:2].astype(np.int32)
