"""What each kernel operator is recognized by, and neighbours of it that stay with onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from kernel_answers import operators, require_alike
from onnx import numpy_helper, parser

Arrays = dict[str, npt.NDArray[Any]]

BATCH, TOKENS, WIDTH = 2, 6, 16
_DICE = np.random.default_rng(1)


def _floats(*shape: int) -> npt.NDArray[np.float32]:
    return _DICE.normal(0, 0.5, shape).astype(np.float32)


CONSTANTS: Arrays = {
    "w": _floats(WIDTH, WIDTH),
    "wide": _floats(WIDTH, 3 * WIDTH),
    "turned": _floats(WIDTH, WIDTH),
    "cube": _floats(2, WIDTH, WIDTH),
    "half": _floats(BATCH, WIDTH),
    "b": _floats(WIDTH),
    "b3": _floats(3 * WIDTH),
    "gain": 1 + _floats(WIDTH),
    "gain3": 1 + _floats(3 * WIDTH),
    "one_gain": 1 + _floats(1),
    "codes": _DICE.integers(-127, 127, (WIDTH, WIDTH)).astype(np.int8),
    "codes2": _DICE.integers(-127, 127, (WIDTH, 2 * WIDTH)).astype(np.int8),
    "scales": np.full(WIDTH, 0.004, np.float32),
    "scales2": np.full(2 * WIDTH, 0.004, np.float32),
    "rows": np.full(WIDTH, 0.004, np.float32),
    "scale": np.array(0.02, np.float32),
    "zero": np.array(120, np.uint8),
    "start": np.array([0], np.int64),
    "later": np.array([1], np.int64),
    "cosines": np.cos(_floats(32, 4)),
    "sines": np.sin(_floats(32, 4)),
    "short": np.cos(_floats(32, 2)),
    "hundred": np.array(100, np.float32),
    "half_number": np.array(0.5, np.float32),
    "one": np.array(1, np.float32),
    "root": np.array(np.sqrt(np.float32(2))),
    "axis2": np.array([2], np.int64),
    "seen": np.array([0, 0, 3, 2, 8], np.int64),
    "flat": np.array([0, 0, 16], np.int64),
    "c0": np.array([0], np.int64),
    "c1": np.array([1], np.int64),
    "c2": np.array([2], np.int64),
    "c3": np.array([3], np.int64),
}


def _saved(folder: Path, nodes: str, opset: int = 20) -> Path:
    """A graph of x and other [batch, sequence, 16], a row [1, sequence, 16], a mask, scores; gives y."""
    takes = (
        "float[batch, sequence, 16] x, float[batch, sequence, 16] other, "
        "float[1, sequence, 16] row, int64[batch, sequence] attention_mask, "
        "int32[batch, sequence] mask, float[1, 2, sequence, sequence] scores, "
        "float[batch, more, 16] longer, float[a, b, c] unknown, float[batch, 16] vector"
    )
    text = f'<ir_version: 9, opset_import: ["": {opset}, "com.microsoft": 1]> '
    model = parser.parse_model(f"{text} g ({takes}) => (float y) {{ {nodes} }}")
    read = {name for node in model.graph.node for name in node.input}
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info("y", 1, None))
    kept = [value for value in model.graph.input if value.name in read]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(values), name)
        for name, values in CONSTANTS.items()
        if name in read
    )
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


def _given(path: Path) -> Arrays:
    dice = np.random.default_rng(2)

    def floats(*shape: int) -> npt.NDArray[np.float32]:
        return dice.normal(0, 1, shape).astype(np.float32)

    mask = np.ones((BATCH, TOKENS), np.int64)
    mask[1, 4:] = 0
    values: Arrays = {
        "x": floats(BATCH, TOKENS, WIDTH),
        "other": floats(BATCH, TOKENS, WIDTH),
        "row": floats(1, TOKENS, WIDTH),
        "attention_mask": mask,
        "mask": mask.astype(np.int32),
        "scores": floats(1, 2, TOKENS, TOKENS),
        "longer": floats(BATCH, TOKENS + 2, WIDTH),
        "unknown": floats(BATCH, TOKENS, WIDTH),
        "vector": floats(BATCH, WIDTH),
    }
    return {value.name: values[value.name] for value in onnx.load(path).graph.input}


QUANTIZED = "q = QuantizeLinear (x, scale, zero) "
PRODUCT = "com.microsoft.MatMulIntegerToFloat"
HEADS = "com.microsoft.MultiHeadAttention <num_heads = 2> "
TURN = "com.microsoft.RotaryEmbedding"
THIRDS = "p = MatMul (x, wide) a, k, v = Split <axis = -1, num_outputs = 3> (p) "
VIEW = "p = MatMul (x, wide) r = Reshape (p, seen) " + " ".join(
    f"s{i} = Slice (r, c{i}, c{i + 1}, axis2) t{i} = Squeeze (s{i}, axis2) h{i} = Reshape (t{i}, flat)"
    for i in range(3)
)
Case = tuple[str, tuple[str, dict[str, int]]]


def _case(name: str, nodes: str, **expected: int) -> Case:
    """A graph's nodes, and how many of each operator they become."""
    return name, (nodes, expected)


CASES = dict(
    [
        _case("product", "y = MatMul (x, w)", FloatLinear=1),
        _case("product of an unknown length", "y = MatMul (unknown, w)"),
        _case("product of several matrices", "e = Unsqueeze (x, c1) y = MatMul (e, cube)"),
        _case("product from the left", "e = Transpose <perm = [0, 2, 1]> (x) y = MatMul (w, e)"),
        _case(
            "turned constant",
            "t = Transpose <perm = [1, 0]> (turned) y = MatMul (x, t)",
            FloatLinear=1,
        ),
        _case("gemm", "y = Gemm (vector, w, b)", FloatLinear=1),
        _case(
            "gemm of a turned weight", "y = Gemm <transB = 1> (vector, turned, b)", FloatLinear=1
        ),
        _case("gemm times a number", "y = Gemm <alpha = 0.5> (vector, w, b)"),
        _case("gemm of a turned value", "y = Gemm <transA = 1> (vector, half)"),
        _case(
            "all behind a product",
            "p = MatMul (x, w) q = Add (b, p) g = Gelu (q) s = Add (other, g) "
            "y = LayerNormalization <axis = -1> (s, gain, b)",
            FloatLinear=1,
        ),
        _case(
            "activation before the bias",
            "p = MatMul (x, w) g = Gelu (p) y = Add (g, b)",
            FloatLinear=1,
        ),
        _case("a row added", "p = MatMul (x, w) y = Add (p, row)", FloatLinear=1),
        _case("added to itself", "p = MatMul (x, w) y = Add (p, p)", FloatLinear=1),
        _case("silu", "p = MatMul (x, w) s = Sigmoid (p) y = Mul (s, p)", FloatLinear=1),
        _case(
            "written out gelu",
            "p = MatMul (x, w) d = Div (p, root) e = Erf (d) f = Add (e, one) g = Mul (half_number, f) "
            "y = Mul (p, g)",
            FloatLinear=1,
        ),
        _case(
            "half of a gelu",
            "p = MatMul (x, w) d = Div (p, root) e = Erf (d) f = Add (e, one) g = Mul (one, f) "
            "y = Mul (p, g)",
            FloatLinear=1,
        ),
        _case("integers", f"{QUANTIZED} y = {PRODUCT} (q, codes, scale, scales, zero)", Linear=1),
        _case(
            "codes of another zero point", f"{QUANTIZED} y = {PRODUCT} (q, codes, scale, scales)"
        ),
        _case(
            "codes of another scale",
            f"{QUANTIZED} y = {PRODUCT} (q, codes, half_number, scales, zero)",
        ),
        _case(
            "standard integers",
            f"{QUANTIZED} d = DequantizeLinear (q, scale, zero) "
            "e = DequantizeLinear <axis = 1> (codes, scales) y = MatMul (d, e)",
            Linear=1,
        ),
        _case(
            "scales of rows",
            f"{QUANTIZED} d = DequantizeLinear (q, scale, zero) "
            "e = DequantizeLinear <axis = 0> (codes, rows) y = MatMul (d, e)",
        ),
        _case(
            "gate",
            f"{QUANTIZED} u = {PRODUCT} (q, codes2, scale, scales2, zero) "
            "a, c = Split <axis = 2, num_outputs = 2> (u) g = Gelu (a) m = Mul (g, c) "
            f"r = QuantizeLinear (m, scale, zero) y = {PRODUCT} (r, codes, scale, scales, zero)",
            Linear=2,
        ),
        _case(
            "gate of the second half",
            f"{QUANTIZED} u = {PRODUCT} (q, codes2, scale, scales2, zero) "
            "a, c = Split <axis = 2, num_outputs = 2> (u) g = Gelu (c) m = Mul (g, a) "
            f"r = QuantizeLinear (m, scale, zero) y = {PRODUCT} (r, codes, scale, scales, zero)",
            Linear=2,
        ),
        _case(
            "norm before integers",
            "n = LayerNormalization <axis = -1> (x, gain) q = QuantizeLinear (n, scale, zero) "
            f"y = {PRODUCT} (q, codes, scale, scales, zero)",
            Linear=1,
        ),
        _case(
            "norm that others read",
            "n = LayerNormalization <axis = -1> (x, gain) q = QuantizeLinear (n, scale, zero) "
            f"p = {PRODUCT} (q, codes, scale, scales, zero) y = Add (p, n)",
            Linear=1,
            LayerNorm=1,
        ),
        _case(
            "norm of a sum",
            "s = Add (x, other) y = LayerNormalization <axis = 2> (s, gain)",
            LayerNorm=1,
        ),
        _case(
            "norm of a spread sum",
            "s = Add (x, row) y = LayerNormalization <axis = 2> (s, gain)",
            LayerNorm=1,
        ),
        _case(
            "skip norm", "y = com.microsoft.SkipLayerNormalization (x, other, gain, b)", LayerNorm=1
        ),
        _case(
            "skip norm with a bias",
            "y = com.microsoft.SkipLayerNormalization (x, other, gain, b, b)",
        ),
        _case("heads", f"y = {HEADS} (x, other, x, , mask)", SelfAttention=1),
        _case(
            "heads of thirds", f"{THIRDS} y = {HEADS} (a, k, v, b3)", FloatLinear=1, SelfAttention=1
        ),
        _case(
            "heads of thirds in another order",
            f"{THIRDS} y = {HEADS} (k, a, v, b3)",
            FloatLinear=1,
            SelfAttention=1,
        ),
        _case(
            "heads of a view", f"{VIEW} y = {HEADS} (h0, h1, h2)", FloatLinear=1, SelfAttention=1
        ),
        _case(
            "heads of a view in another order",
            f"{VIEW} y = {HEADS} (h0, h2, h1)",
            FloatLinear=1,
            SelfAttention=1,
        ),
        _case("heads that look elsewhere", f"y = {HEADS} (x, longer, longer)"),
        _case(
            "heads that look back",
            "y = com.microsoft.MultiHeadAttention <num_heads = 2, unidirectional = 1> (x, other, x)",
        ),
        _case("heads with scores", f"y = {HEADS} (x, other, x, , mask, scores)", SelfAttention=1),
        _case(
            "heads with a scale",
            "y = com.microsoft.MultiHeadAttention <num_heads = 2, scale = 0.5> (x, other, x)",
            SelfAttention=1,
        ),
        _case(
            "turned heads",
            f"a = {TURN} (x, start, cosines, sines) k = {TURN} (other, start, cosines, sines) "
            f"y = {HEADS} (a, k, x)",
            SelfAttention=1,
        ),
        _case(
            "queries that are turned otherwise",
            f"a = {TURN} (x, start, sines, cosines) k = {TURN} (other, start, cosines, sines) "
            f"y = {HEADS} (a, k, x)",
            SelfAttention=1,
        ),
        _case(
            "neighbours that are turned",
            f"a = {TURN} <interleaved = 1> (x, start, cosines, sines) "
            f"k = {TURN} <interleaved = 1> (other, start, cosines, sines) y = {HEADS} (a, k, x)",
            SelfAttention=1,
        ),
        _case(
            "positions from 1",
            f"a = {TURN} (x, later, cosines, sines) k = {TURN} (other, later, cosines, sines) "
            f"y = {HEADS} (a, k, x)",
            SelfAttention=1,
        ),
    ]
)


@pytest.mark.parametrize("name", CASES)
def test_a_graph_is_rewritten_where_it_says_what_an_operator_does(
    name: str, tmp_path: Path
) -> None:
    nodes, expected = CASES[name]
    path = _saved(tmp_path, nodes)
    rewritten = require_alike(path, _given(path), least=0.99999)
    assert operators(rewritten) == expected


@pytest.mark.parametrize("name", CASES)
def test_whatever_stays_is_named(name: str, tmp_path: Path) -> None:
    nodes, expected = CASES[name]
    path = _saved(tmp_path, nodes)
    rewritten = require_alike(path, _given(path), least=0.99999)
    assert len(rewritten.layers) == sum(expected.values())
    if not expected:
        assert len(rewritten.left) == 1
        assert rewritten.graph == path.read_bytes()
