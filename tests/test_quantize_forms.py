"""Each form of a layer on hand-made graphs: its operators, its answers, what is stored once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade import (
    ELSEWHERE,
    FORMS,
    NAMES,
    ON_CPU,
    SQUARE,
    WIDTH,
    X,
    answers,
    constants_of,
    draw,
    model_of,
    nodes_of,
    operators,
    quantized,
    relative_error,
    weight,
)

from edgebert.onnx_graph.parts import FLOAT, STATIC, TOKEN, matmul_forms
from edgebert.onnx_graph.reading import read_graph

DENSE = "p = MatMul(x, w)  y = Add(p, b)"
OUTLIERS = X.copy()  # a loud channel, and one far from zero
OUTLIERS[..., 3] *= 40
OUTLIERS[..., 17] = 0.5 * X[..., 17] + 30
DENSE_CONSTANTS = {"w": weight(WIDTH, 128, seed=1), "b": draw(128, seed=2)}


@pytest.mark.parametrize(NAMES, FORMS)
def test_a_layer_becomes_the_operators_of_its_form(
    form: str, options: dict[str, Any], nodes: str, error: float, tmp_path: Path
) -> None:
    model = model_of(DENSE, DENSE_CONSTANTS)
    result = quantized(model, form, tmp_path, **options, x=X)
    assert operators(result) == Counter(nodes.split())
    assert matmul_forms(read_graph(tmp_path / "int8.onnx")) == {form: 1}
    assert "w" not in constants_of(result)
    assert relative_error(answers(result, x=X), answers(model, x=X)) < error


@pytest.mark.parametrize(NAMES, FORMS)
def test_a_product_without_a_bias_gets_none(
    form: str, options: dict[str, Any], nodes: str, error: float, tmp_path: Path
) -> None:
    model = model_of("y = MatMul(x, w)", {"w": DENSE_CONSTANTS["w"]})
    result = quantized(model, form, tmp_path, **options, x=X)
    assert operators(result)["Add"] == 0
    assert all(len(node.input) <= 5 for node in result.graph.node)
    assert relative_error(answers(result, x=X), answers(model, x=X)) < error


@pytest.mark.parametrize(NAMES, FORMS)
def test_what_is_shared_is_quantized_and_stored_once(
    form: str, options: dict[str, Any], nodes: str, error: float, tmp_path: Path
) -> None:
    text = """a = MatMul(x, w)  b = MatMul(x, v)  c = Add(a, b)
              n = Tanh(c)  d = MatMul(n, w)  y = Add(d, c)"""
    weights = {"w": SQUARE, "v": weight(WIDTH, WIDTH, seed=2)}
    model = model_of(text, weights)
    for number, node in enumerate(model.graph.node):
        node.name = f"node.{number}"
    result = quantized(model, form, tmp_path, **options, x=X)
    counts = operators(result)
    for kind in ("QuantizeLinear", "DynamicQuantizeLinear", "ReduceMax"):
        assert counts[kind] == (2 if kind in nodes.split() else 0)  # x, and the result of Tanh
    stored = [array for array in constants_of(result).values() if array.dtype.itemsize == 1]
    assert sum(array.size > WIDTH for array in stored) == 2  # w and v
    assert relative_error(answers(result, x=X), answers(model, x=X)) < 2 * error


@pytest.mark.parametrize(NAMES, FORMS)
def test_a_gemm_is_spelled_out(
    form: str, options: dict[str, Any], nodes: str, error: float, tmp_path: Path
) -> None:
    constants = {"w": DENSE_CONSTANTS["w"].T, "b": DENSE_CONSTANTS["b"]}
    model = model_of("y = Gemm <transB = 1> (x, w, b)", constants, inputs=f"float[n, {WIDTH}] x")
    result = quantized(model, form, tmp_path, **options, x=X[0])
    assert operators(result) == Counter(nodes.split())
    assert relative_error(answers(result, x=X[0]), answers(model, x=X[0])) < error


@pytest.mark.parametrize(
    "gemm",
    ["<alpha = 0.5> (x, w, b)", "<beta = 2.0> (x, w, b)", "<transA = 1> (x, w)", "(x, w, m)"],
)
def test_another_gemm_stays(gemm: str, tmp_path: Path) -> None:
    constants = {"w": SQUARE, "b": draw(WIDTH), "m": draw(WIDTH, WIDTH)}
    text = f"z = MatMul(x, w)  y = Gemm {gemm.replace('x', 'z')}"
    model = model_of(text, constants, inputs=f"float[n, {WIDTH}] x")
    x = draw(WIDTH, WIDTH, seed=5)
    result = quantized(model, TOKEN, tmp_path, x=x)
    assert operators(result)["Gemm"] == 1
    assert operators(result)["MatMulIntegerToFloat"] == 1
    assert relative_error(answers(result, x=x), answers(model, x=x)) < 0.03


@pytest.mark.parametrize("shape", [(24, WIDTH), (3, 8, WIDTH), (2, 3, 4, WIDTH)])
@pytest.mark.parametrize("opset", [13, 17, 18, 21])
def test_a_scale_for_each_token_serves_inputs_of_any_rank(
    opset: int, shape: tuple[int, ...], tmp_path: Path
) -> None:
    inputs = f"float[{', '.join(map(str, shape))}] x"
    model = model_of(DENSE, DENSE_CONSTANTS, inputs=inputs, opset=opset)
    x = draw(*shape, seed=6) * np.linspace(1, 3, shape[-2], dtype=np.float32)[:, None]
    result = quantized(model, TOKEN, tmp_path, x=x)
    assert operators(result)["Reshape"] == 0
    found, right = (answers(m, x=x).reshape(-1, 128) for m in (result, model))
    assert max(relative_error(*pair) for pair in zip(found, right, strict=True)) < 0.05


def test_only_a_static_scale_lets_the_operator_add_the_bias(tmp_path: Path) -> None:
    model = model_of(DENSE, DENSE_CONSTANTS)
    (token,) = nodes_of(quantized(model, TOKEN, tmp_path, x=X), "MatMulIntegerToFloat")
    (static,) = nodes_of(quantized(model, STATIC, tmp_path, x=X), "MatMulIntegerToFloat")
    assert len(token.input) == 5
    assert len(static.input) == 7
    assert static.input[5] == ""  # weights have no zero point


def test_inputs_that_are_multiplied_and_shifted_give_the_same_answers(tmp_path: Path) -> None:
    x, model = OUTLIERS, model_of(DENSE, DENSE_CONSTANTS)
    for form, options in ((TOKEN, ON_CPU), (STATIC, ON_CPU), (STATIC, ELSEWHERE)):
        result = quantized(model, form, tmp_path, **options, x=x)
        constants = constants_of(result)
        assert any(name.endswith(".input_multiplier") for name in constants)
        assert any(name.endswith(".input_offset") for name in constants)
        assert relative_error(answers(result, x=x), answers(model, x=x)) < 0.02


def test_an_offset_without_a_bias_makes_one(tmp_path: Path) -> None:
    x = np.maximum(X, -0.05)
    model = model_of("y = MatMul(x, w)", {"w": DENSE_CONSTANTS["w"]})
    result = quantized(model, TOKEN, tmp_path, x=x)
    assert operators(result)["Add"] == 2  # of the offset, and of what takes it back
    assert operators(result)["Abs"] == 0
    assert relative_error(answers(result, x=x), answers(model, x=x)) < 0.02


def test_sixteen_bits_of_activations_are_nearer_than_eight(tmp_path: Path) -> None:
    model = model_of(DENSE, DENSE_CONSTANTS, opset=21)
    errors = {}
    for bits in (8, 16):
        result = quantized(
            model, STATIC, tmp_path, contrib=False, saturates=True, activations=bits, x=X
        )
        assert f"uint{bits}" in {array.dtype.name for array in constants_of(result).values()}
        errors[bits] = relative_error(answers(result, x=X), answers(model, x=X))
    assert errors[16] < errors[8]


def test_layers_that_the_plan_does_not_name_stay_floats(tmp_path: Path) -> None:
    model = model_of(DENSE, DENSE_CONSTANTS)
    result = quantized(model, FLOAT, tmp_path, x=X)
    assert operators(result) == {"MatMul": 1, "Add": 1}
    assert np.array_equal(answers(result, x=X), answers(model, x=X))
