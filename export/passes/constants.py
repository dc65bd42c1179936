"""Compute once what does not depend on the input, and nothing more."""

from __future__ import annotations

import logging

import onnx
import onnx_ir
from onnx_ir.passes import common
from onnxscript import optimizer

_LOGGER = logging.getLogger("onnxscript")


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Compute once what does not depend on the input, and bring constants into one form.

    1. Operators on constants become constants; large weights stay as they are stored.
    2. Constant nodes become initializers.
    3. Identity goes; of nodes that compute the same from the same, one stays.
    4. Arithmetic stays: x + 1e-12 is not x where x is 0 (which is why `onnxscript.optimizer
       .optimize` is not used: it takes a LayerNorm's epsilon away).

    Returns:
        The folded model.
    """
    graph = onnx_ir.from_proto(model)
    level = _LOGGER.level
    _LOGGER.setLevel(logging.ERROR)  # it tells of every operator that it leaves alone
    try:
        optimizer.fold_constants(graph)
    finally:
        _LOGGER.setLevel(level)
    for clean in (
        common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        common.IdentityEliminationPass(),
        common.CommonSubexpressionEliminationPass(),
        common.RemoveUnusedNodesPass(),
    ):
        clean(graph)
    folded: onnx.ModelProto = onnx_ir.to_proto(graph)
    return folded
