"""What the gate and our session settings lean on in onnxruntime; a release that changes it shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from cpus import running_on

from edgebert.machine import has_vnni, this_machine
from edgebert.runtimes.sessions.session import open_graph

Floats = npt.NDArray[np.float32]
HIDDEN = 16
WEIGHT = np.where(np.arange(HIDDEN)[:, None] // 2 % 2, -128, 127).astype(np.int8).repeat(HIDDEN, 1)

SKIP_LAYER_NORM = """
<ir_version: 9, opset_import: ["": 20]>
g (float[B, S, 16] x) => (float[B, S, 16] y)
<float[16] gain = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}>
{
    sine = Sin (x)
    sum = Add (x, sine)
    y = LayerNormalization <axis = -1> (sum, gain)
}
"""

ATTENTION = """
<ir_version: 9, opset_import: ["": 20, "com.microsoft": 1]>
g (float[B, S, 16] x, int32[B, S] mask) => (float[B, S, 16] y)
{
    y = com.microsoft.MultiHeadAttention <num_heads = 2> (x, x, x, , mask)
}
"""

PRODUCT = """
<ir_version: 9, opset_import: ["": 20, "com.microsoft": 1]>
g (uint8[B, 16] codes) => (float[B, 16] y)
<float scale = {0.01}, uint8 zero = {128}>
{
    y = com.microsoft.MatMulIntegerToFloat (codes, weight, scale, scale, zero)
}
"""

UNIT = """
<ir_version: 9, opset_import: ["": 20]>
g (float[N] x) => (float[N] y)
<float one = {1.0}>
{
    inverse = Div (one, x)
    y = Mul (inverse, x)
}
"""


def write(text: str, path: Path) -> Path:
    onnx.save(onnx.parser.parse_model(text), path)
    return path


def product(path: Path) -> Path:
    """A product of u8 codes with s8 weights of the full range, alternately most and least."""
    model = onnx.parser.parse_model(PRODUCT)
    model.graph.initializer.append(onnx.numpy_helper.from_array(WEIGHT, "weight"))
    onnx.save(model, path)
    return path


def session(
    path: Path, level: str | None = None, *, widen: bool = False, keep: Path | None = None
) -> onnxruntime.InferenceSession:
    """A session with onnxruntime's defaults, or at one level of its optimizer.

    Args:
        path: the graph.
        level: of the optimizer.
        widen: whether it is asked to widen weights.
        keep: where it writes the graph that it made of the file.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", str(int(widen)))
    if keep:
        options.optimized_model_filepath = str(keep)
    if level:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.__members__[level]
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def optimized(path: Path, **config: str) -> Counter[str]:
    """Operators of the graph that onnxruntime makes of a file under its defaults."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path.with_suffix(".optimized.onnx"))
    for key, value in config.items():
        options.add_session_config_entry(f"optimization.{key}", value)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    graph = onnx.load(options.optimized_model_filepath).graph
    return Counter(node.op_type for node in graph.node)


def test_the_levels_of_the_optimizer_are_those_we_try() -> None:
    assert set(onnxruntime.GraphOptimizationLevel.__members__) == {
        "ORT_DISABLE_ALL",
        "ORT_ENABLE_BASIC",
        "ORT_ENABLE_EXTENDED",
        "ORT_ENABLE_LAYOUT",
        "ORT_ENABLE_ALL",
    }


def test_the_default_level_is_all() -> None:
    level = onnxruntime.SessionOptions().graph_optimization_level
    assert level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL


def test_the_optimizer_fuses_skip_layer_norm_unless_it_is_told_not_to(tmp_path: Path) -> None:
    path = write(SKIP_LAYER_NORM, tmp_path / "skip.onnx")
    assert optimized(path)["SkipLayerNormalization"] == 1
    kept = optimized(path, disable_specified_optimizers="SkipLayerNormFusion")
    assert kept == Counter({"Sin": 1, "Add": 1, "LayerNormalization": 1})


def test_our_session_settings_are_taken_as_they_are(tmp_path: Path) -> None:
    with running_on("x86_64-avx2", tmp_path):
        opened = open_graph(write(SKIP_LAYER_NORM, tmp_path / "skip.onnx"))
    options = opened.get_session_options()
    assert options.get_session_config_entry("session.x64quantprecision") == "1"
    disabled = options.get_session_config_entry("optimization.disable_specified_optimizers")
    assert disabled == "SkipLayerNormFusion"
    assert options.enable_mem_pattern is False


def test_onnxruntime_widens_weights_on_cpus_with_vnni_too(tmp_path: Path) -> None:
    """The day this fails on a CPU with VNNI, a session can ask for it without looking at the CPU.

    Without VNNI it has to hold: sums are right there because of it.
    """
    session(product(tmp_path / "product.onnx"), widen=True, keep=tmp_path / "made.onnx")
    weights = {tensor.data_type for tensor in onnx.load(tmp_path / "made.onnx").graph.initializer}
    x86 = this_machine().cpu_class.startswith("x86_64")
    assert (onnx.TensorProto.UINT8 in weights and onnx.TensorProto.INT8 not in weights) == x86


def test_a_cpu_with_vnni_adds_right_without_widened_weights(tmp_path: Path) -> None:
    path = product(tmp_path / "product.onnx")
    codes = np.random.default_rng(0).integers(0, 256, (40, HIDDEN)).astype(np.uint8)
    codes[0] = 255
    exact = (codes.astype(np.int32) - 128) @ WEIGHT.astype(np.int32)
    narrow, widened = (
        session(path, widen=widen).run(None, {"codes": codes})[0] for widen in (False, True)
    )
    np.testing.assert_allclose(widened, exact * np.float32(1e-4), rtol=1e-6)
    clips = this_machine().cpu_class.startswith("x86_64") and not has_vnni()
    assert (narrow.tobytes() != widened.tobytes()) == clips


@pytest.mark.parametrize("level", ["ORT_DISABLE_ALL", "ORT_ENABLE_ALL"])
def test_fused_attention_hides_what_the_mask_hides_wherever_it_lies(
    level: str, tmp_path: Path
) -> None:
    opened = session(write(ATTENTION, tmp_path / "attention.onnx"), level)
    x = np.random.default_rng(0).standard_normal((4, 6, HIDDEN)).astype(np.float32)
    mask = np.asarray(
        [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 0, 1]], np.int32
    )
    (found,) = opened.run(None, {"x": x, "mask": mask})
    for row, real in enumerate(mask.astype(bool)):
        expected = attend(x[row][real], heads=2)
        assert np.abs(found[row][real] - expected).max() < 1e-5


@pytest.mark.parametrize("level", ["ORT_DISABLE_ALL", "ORT_ENABLE_ALL"])
def test_fused_attention_of_a_row_without_tokens_is_finite(level: str, tmp_path: Path) -> None:
    opened = session(write(ATTENTION, tmp_path / "attention.onnx"), level)
    x = np.random.default_rng(0).standard_normal((2, 3, HIDDEN)).astype(np.float32)
    (alone,) = opened.run(None, {"x": x[:1], "mask": np.asarray([[1, 1, 0]], np.int32)})
    (both,) = opened.run(None, {"x": x, "mask": np.asarray([[1, 1, 0], [0, 0, 0]], np.int32)})
    assert np.isfinite(both).all()
    assert np.abs(both[:1] - alone).max() < 1e-6


def test_the_optimizer_rewrites_arithmetic_that_no_rounding_excuses(tmp_path: Path) -> None:
    # why a graph is tried at every level: (1 / x) * x becomes x / x
    path = write(UNIT, tmp_path / "unit.onnx")
    tiny = np.asarray([2e-39], np.float32)
    (plain,) = session(path, "ORT_DISABLE_ALL").run(None, {"x": tiny})
    (rewritten,) = session(path, "ORT_ENABLE_BASIC").run(None, {"x": tiny})
    assert np.isinf(plain).all()
    assert rewritten.tolist() == [1.0]


def test_inputs_of_another_integer_type_are_refused(tmp_path: Path) -> None:
    # why ids are turned into the type that the graph takes
    opened = session(write(ATTENTION, tmp_path / "attention.onnx"))
    x = np.zeros((1, 2, HIDDEN), np.float32)
    with pytest.raises(Exception, match=r"tensor\(int64\)"):
        opened.run(None, {"x": x, "mask": np.ones((1, 2), np.int64)})


def attend(x: Floats, heads: int) -> Floats:
    """Self-attention of float32 [tokens, hidden] without projections."""
    parts = []
    for head in np.split(x, heads, axis=1):
        scores = head @ head.T / np.sqrt(head.shape[1])
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        parts.append(weights / weights.sum(axis=1, keepdims=True) @ head)
    return np.concatenate(parts, axis=1)
