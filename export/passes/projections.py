"""Linear layers of a traced graph, and how several become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import onnx

from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.onnx_graph.in_memory.edits import add_constant
from edgebert.onnx_graph.merged import merge_names


class Projection(NamedTuple):
    """A linear layer: the node that multiplies, and the constants that it reads."""

    product: onnx.NodeProto
    weight: str
    bias: str

    @property
    def name(self) -> str:
        return str(self.product.name)

    @property
    def read(self) -> str:
        """The value that it is a projection of."""
        return str(self.product.input[0])


def projection_ending_in(add: onnx.NodeProto | None, def_use: DefUse) -> Projection | None:
    """The linear layer whose bias `add` adds."""
    if add is None or add.op_type != "Add":
        return None
    bias = next((name for name in add.input if def_use.is_constant(name)), None)
    product = next((def_use.producers.get(name) for name in add.input if name != bias), None)
    if bias is None or product is None or product.op_type != "MatMul":
        return None
    if not def_use.is_constant(product.input[1]):
        return None
    return Projection(product, product.input[1], bias)


def side_by_side(graph: onnx.GraphProto, names: Sequence[str], def_use: DefUse) -> str:
    """One constant of several, along their last axis, called as `merge_names` has it."""
    values = np.concatenate([def_use.constant(name) for name in names], axis=-1)
    return add_constant(graph, merge_names(list(names)), values)
