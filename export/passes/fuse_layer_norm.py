"""Put one LayerNormalization in the place of the operators that older opsets spell it with."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt
import onnx

from edgebert.export.passes.equivalence import Region, region_between, values_ahead
from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.onnx_graph.in_memory.edits import opset_of, remove_unread, replace_nodes


def fuse_layer_norm(model: onnx.ModelProto) -> int:
    """Put one LayerNormalization in the place of the operators that older opsets spell it with.

    1. Around each ReduceMean(x), the operators that make y of x, a gain, a bias and single numbers
       become LayerNormalization(x, gain, bias) when y is (x - mean) / sqrt(variance + epsilon)
       * gain + bias over the last axis, however they are written.
    2. The same without a bias.
    3. A function with other values stays: it is compared on rows of very different spread, so that
       epsilon counts too. (RMSNorm, a mean over another axis and an unbiased variance stay.)
    4. It stays where something else reads a value from its middle.
    5. Before opset 17, which has LayerNormalization, nothing is done.

    Returns:
        How many were fused.
    """
    graph, opset = model.graph, opset_of(model)
    fused = 0
    if opset < 17:
        return fused
    for node in list(graph.node):
        if node.op_type != "ReduceMean":
            continue
        found = _norm_of(DefUse(graph), node, opset)
        if found is not None:
            replace_nodes(graph, [found.region.end], [found.node()])
            fused += 1
    remove_unread(graph)
    return fused


@dataclass(frozen=True)
class _Norm:
    """A region that is a LayerNorm; `parameters` names its gain, and its bias if it has one."""

    region: Region
    parameters: tuple[str, ...]
    epsilon: float

    def node(self) -> onnx.NodeProto:
        return onnx.helper.make_node(
            "LayerNormalization",
            [self.region.start, *self.parameters],
            [self.region.end],
            name=f"{self.region.end}_layer_norm",
            axis=-1,
            epsilon=self.epsilon,
        )


def _norm_of(def_use: DefUse, mean: onnx.NodeProto, opset: int) -> _Norm | None:
    """The largest region around a mean that is a LayerNorm."""
    for end in reversed(values_ahead(def_use, mean.output[0])):
        region = region_between(def_use, mean.input[0], end)
        if region is None or not region.is_closed():
            continue
        found = _prove(def_use, region, opset)
        if found is not None:
            return found
    return None


def _prove(def_use: DefUse, region: Region, opset: int) -> _Norm | None:
    """Try which constants are gain, bias and epsilon so that the region is a LayerNorm of them."""
    vectors = [name for name in region.constants if def_use.size(name) > 1]
    numbers = [def_use.scalar(name) for name in region.constants if name not in vectors]
    if not 1 <= len(vectors) <= 2 or any(len(def_use.tensor(name).dims) != 1 for name in vectors):
        return None
    rows = _rows(def_use.size(vectors[0]))
    if any(def_use.size(name) != rows.shape[1] for name in vectors):
        return None
    found = region(rows, opset)
    for parameters in permutations(vectors):
        values = [def_use.constant(name).astype(np.float64) for name in parameters]
        for epsilon in (n for n in numbers if n is not None and 0 < n < 0.01):
            if np.allclose(found, _layer_norm(rows, values, epsilon), rtol=1e-3, atol=1e-4):
                return _Norm(region, parameters, epsilon)
    return None


def _rows(width: int) -> npt.NDArray[np.float32]:
    """Rows of very different spread: the smallest are of the size of usual epsilons."""
    random = np.random.default_rng(0).normal(size=(5, width))
    spread = np.array([[30.0], [1.0], [3e-3], [1e-4], [1e-6]])
    offset = np.array([[3.0], [-1.0], [0.0], [0.0], [0.0]])
    return np.asarray(random * spread + offset, np.float32)


def _layer_norm(
    rows: npt.NDArray[np.float32], parameters: list[npt.NDArray[np.float64]], epsilon: float
) -> npt.NDArray[np.float64]:
    centred = rows.astype(np.float64) - rows.astype(np.float64).mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    gain, bias = parameters[0], parameters[1] if len(parameters) > 1 else 0.0
    return np.asarray(centred / np.sqrt(variance + epsilon) * gain + bias)
