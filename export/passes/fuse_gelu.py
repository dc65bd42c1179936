"""Put one Gelu in the place of the operators that exporters spell it with."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import onnx

from edgebert.export.passes.equivalence import (
    Region,
    region_between,
    values_ahead,
    values_behind,
)
from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.onnx_graph.in_memory.edits import (
    CONTRIB,
    import_contrib,
    opset_of,
    remove_unread,
    replace_nodes,
)

_PROBE = np.linspace(-6, 6, 97, dtype=np.float32)


def fuse_gelu(model: onnx.ModelProto) -> int:
    """Put one Gelu in the place of the operators that exporters spell it with.

    1. Around each Erf, the operators that make y of x and of single numbers become Gelu(x) when y
       is x / 2 * (1 + erf(x / sqrt 2)), in whatever order they halve, add and multiply.
    2. The same around each Tanh, with the tanh approximation of the Gelu.
    3. A function with other values stays: it is compared over -6..6, not by its operators.
    4. A bias before it is no part of it.
    5. It stays where something else reads a value from its middle.
    6. Before opset 20, which has Gelu, it becomes Gelu or FastGelu of com.microsoft.

    Returns:
        How many were fused.
    """
    graph, opset = model.graph, opset_of(model)
    fused = 0
    for node in list(graph.node):
        if node.op_type not in ("Erf", "Tanh"):
            continue
        region = _gelu_around(DefUse(graph), node, opset)
        if region is not None:
            replace_nodes(graph, [region.end], [_gelu(region, node.op_type, opset)])
            fused += 1
    if fused and opset < 20:
        import_contrib(model)
    remove_unread(graph)
    return fused


def _gelu_around(def_use: DefUse, anchor: onnx.NodeProto, opset: int) -> Region | None:
    expected = _exact(_PROBE) if anchor.op_type == "Erf" else _tanh(_PROBE)
    for end in values_ahead(def_use, anchor.output[0]):
        for start in values_behind(def_use, anchor.input[0]):
            region = region_between(def_use, start, end)
            if region is None or any(def_use.size(name) != 1 for name in region.constants):
                continue
            if np.allclose(region(_PROBE, opset), expected, atol=1e-5) and region.is_closed():
                return region
    return None


def _exact(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    return np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.astype(np.float64)])


def _tanh(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    cubic = x.astype(np.float64) + 0.044715 * x.astype(np.float64) ** 3
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * cubic)))


def _gelu(region: Region, anchor: str, opset: int) -> onnx.NodeProto:
    make, name = onnx.helper.make_node, f"{region.end}_gelu"
    if opset >= 20:
        form = "none" if anchor == "Erf" else "tanh"
        return make("Gelu", [region.start], [region.end], name=name, approximate=form)
    op_type = "Gelu" if anchor == "Erf" else "FastGelu"
    return make(op_type, [region.start], [region.end], name=name, domain=CONTRIB)
