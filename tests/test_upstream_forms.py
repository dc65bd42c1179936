"""What onnxruntime does that the forms of our graphs lean on or keep clear of.

A test that fails here after an upgrade says which pass to look at again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.transformers.float16 import convert_float_to_float16
from test_passes import NORM, POOLING, RANDOM, model_of, norm, pooling, run


def optimized(model: onnx.ModelProto, path: Path, disabled: str = "") -> set[str]:
    """Operators that a session runs after its own optimizers."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.optimized_model_filepath = str(path)
    if disabled:
        options.add_session_config_entry("optimization.disable_specified_optimizers", disabled)
    onnxruntime.InferenceSession(model.SerializeToString(), options)
    return {node.op_type for node in onnx.load(path).graph.node}


def test_a_session_fuses_the_residual_sum_unless_told_not_to(tmp_path: Path) -> None:
    model = norm(NORM, s=["batch", "sequence", 8])
    assert "SkipLayerNormalization" in optimized(model, tmp_path / "fused.onnx")
    kept = optimized(model, tmp_path / "kept.onnx", "SkipLayerNormFusion")
    assert "LayerNormalization" in kept


def test_a_sum_over_tokens_depends_on_the_batch() -> None:
    model = pooling(POOLING)
    differ = 0
    for tokens in (16, 33, 64, 100, 128):
        x = RANDOM.standard_normal((3, tokens, 8)).astype(np.float32)
        mask = np.ones((3, tokens), np.int32)
        differ += not np.array_equal(run(model, x, mask)[1], run(model, x[1:2], mask[1:2])[0])
    assert differ > 0


def test_the_converter_to_half_precision_repeats_casts() -> None:
    nodes = "a = Add(x, one) b = Neg(a) c = Abs(a) y = Add(b, c)"
    shapes: dict[str, list[str | int]] = {name: ["batch", "sequence", 8] for name in "abc"}
    model = model_of(nodes, {"one": np.ones(8, np.float32)}, shapes)
    for node in model.graph.node:
        node.name = node.output[0]
    half = convert_float_to_float16(
        model, keep_io_types=True, disable_shape_infer=True, node_block_list=["b", "c"]
    )
    made = [name for node in half.graph.node for name in node.output]
    assert len(made) > len(set(made))
