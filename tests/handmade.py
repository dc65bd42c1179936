"""Hand-made graphs, and what quantization makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from edgebert.onnx_graph.parts import DYNAMIC, STATIC, TOKEN, WEIGHT_ONLY
from edgebert.quantize.forms.activations import ActivationSample
from edgebert.quantize.forms.prepared_graph import PreparedGraph, prepare_graph
from edgebert.quantize.forms.recipes import Recipes

Floats = npt.NDArray[np.float32]

WIDTH = 64
"""Channels of x."""

LEVELS = ("ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL")
"""Of onnxruntime's optimizer, as the documentation names them."""


def draw(*shape: int, seed: int = 0) -> Floats:
    """Numbers from -1 to 1, of which no channel is larger than another."""
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def weight(*shape: int, seed: int) -> Floats:
    """A weight [inputs, outputs] as they are drawn: a bell, equally wide for all its inputs."""
    bell = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(0.4 * bell / np.abs(bell).max(axis=1, keepdims=True), np.float32)


SQUARE = weight(WIDTH, WIDTH, seed=1)
X = draw(6, 40, WIDTH)
MASK = np.array([[1] * 40] * 3 + [[1] * 29 + [0] * 11] * 3, np.int32)


ON_CPU: dict[str, Any] = {"contrib": True}
ELSEWHERE: dict[str, Any] = {"contrib": False}
NAMES = ("form", "options", "nodes", "error")
"""Of what tests of each form take: the form, who runs it, its operators, its relative error."""

CPU_FORMS = [
    pytest.param(
        TOKEN,
        ON_CPU,
        "Abs ReduceMax Mul Max Div QuantizeLinear MatMulIntegerToFloat Add",
        0.02,
        id="token",
    ),
    pytest.param(STATIC, ON_CPU, "QuantizeLinear MatMulIntegerToFloat", 0.02, id="static"),
    pytest.param(
        DYNAMIC,
        ON_CPU,
        "DynamicQuantizeLinear MatMulInteger Cast Mul Mul Add",
        0.02,
        id="dynamic",
    ),
    pytest.param(WEIGHT_ONLY, ON_CPU, "MatMulNBits Add", 0.02, id="weights"),
    pytest.param(WEIGHT_ONLY, ON_CPU | {"bits": 4}, "MatMulNBits Add", 0.15, id="weights-of-4"),
]
FORMS = [
    *CPU_FORMS,
    pytest.param(
        STATIC,
        ELSEWHERE,
        "QuantizeLinear DequantizeLinear DequantizeLinear MatMul Add",
        0.02,
        id="qdq",
    ),
    pytest.param(
        DYNAMIC,
        ELSEWHERE,
        "DynamicQuantizeLinear MatMulInteger Cast Mul Mul Add",
        0.02,
        id="dynamic-elsewhere",
    ),
    pytest.param(
        WEIGHT_ONLY, ELSEWHERE, "DequantizeLinear MatMul Add", 0.02, id="weights-elsewhere"
    ),
]


def model_of(
    nodes: str,
    constants: Mapping[str, npt.NDArray[np.floating]],
    *,
    inputs: str = f"float[batch, sequence, {WIDTH}] x",
    opset: int = 20,
) -> onnx.ModelProto:
    """A graph from `inputs` to y, written as ONNX text."""
    model = onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["" : {opset}, "com.microsoft" : 1]>
        handmade ({inputs}) => (float y) {{ {nodes} }}""")
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value, np.float32), name)
        for name, value in constants.items()
    )
    return model


def run(
    model: onnx.ModelProto | Path,
    *,
    outputs: Sequence[str] = ("y",),
    level: str = LEVELS[-1],
    widen: bool = False,
    **feed: npt.NDArray[np.generic],
) -> list[Floats]:
    """Run a graph on one thread.

    Args:
        model: the graph, or its file.
        outputs: what it is asked for.
        level: of the optimizer.
        widen: whether sums of u8 x s8 that leave 16 bits are right on every CPU.
        feed: inputs by name.
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.x64quantprecision", str(int(widen)))
    graph = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    given = {entry.name: feed[entry.name] for entry in session.get_inputs()}
    return [np.asarray(value, np.float32) for value in session.run(list(outputs), given)]


def prepared(model: onnx.ModelProto, folder: Path) -> PreparedGraph:
    onnx.save(model, folder / "float.onnx")
    return prepare_graph(folder / "float.onnx")


def samples_of(
    graph: PreparedGraph, **feed: npt.NDArray[np.generic]
) -> dict[str, ActivationSample]:
    """What the inputs of the layers of a graph are when it is given `feed`."""
    values = list(dict.fromkeys(value for group in graph.groups for value in group.values))
    tapped = onnx.ModelProto()
    tapped.CopyFrom(graph.model)
    del tapped.graph.output[:]
    tapped.graph.node.extend(
        onnx.helper.make_node("Identity", [value], [f"{value}.seen"]) for value in values
    )
    tapped.graph.output.extend(
        onnx.helper.make_tensor_value_info(f"{value}.seen", onnx.TensorProto.FLOAT, None)
        for value in values
    )
    seen = run(tapped, outputs=[f"{value}.seen" for value in values], **dict[str, Any](feed))
    samples = {}
    for value, floats in zip(values, seen, strict=True):
        rows = floats.reshape(-1, floats.shape[-1])
        samples[value] = ActivationSample(
            rows, rows.min(axis=0), rows.max(axis=0), tokens=len(rows), one_row=floats.ndim == 2
        )
    return samples


def quantized(
    model: onnx.ModelProto,
    form: str,
    folder: Path,
    *,
    contrib: bool = True,
    saturates: bool = False,
    bits: int = 8,
    activations: int = 8,
    **feed: npt.NDArray[np.generic],
) -> onnx.ModelProto:
    """All layers of a graph in one form, calibrated on `feed`; written to `folder`/int8.onnx."""
    graph = prepared(model, folder)
    recipes = Recipes(
        graph,
        samples_of(graph, **feed),
        contrib=contrib,
        saturates=saturates,
        dynamic_saturates=saturates,
        bits=bits,
        activations=activations,
    )
    recipes.write({group.name: form for group in graph.groups}, folder / "int8.onnx")
    return onnx.load(folder / "int8.onnx")


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def nodes_of(model: onnx.ModelProto, op_type: str) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == op_type]


def constants_of(model: onnx.ModelProto) -> dict[str, npt.NDArray[np.generic]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def relative_error(found: Floats, right: Floats) -> float:
    return float(np.linalg.norm(found - right) / np.linalg.norm(right))


def answers(model: onnx.ModelProto, **feed: Any) -> Floats:
    return run(model, **feed)[0]
