"""Each form of a layer on hand-made graphs: its operators, its answers, what is stored once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from handmade import (
    MASK,
    WIDTH,
    Floats,
    X,
    constants_of,
    draw,
    model_of,
    nodes_of,
    operators,
    prepared,
    quantized,
    relative_error,
    run,
    weight,
)

from edgebert.graph.parts import DYNAMIC, FLOAT, STATIC, TOKEN, WEIGHT_ONLY, matmul_forms
from edgebert.graph.reading import read_graph
from edgebert.quantize.editing import GraphEditor
from edgebert.quantize.tanh_gelu import approximate_gelus

DENSE = "p = MatMul(x, w)  y = Add(p, b)"
DENSE_CONSTANTS = {"w": weight(WIDTH, 128, seed=1), "b": draw(128, seed=2)}

ON_CPU: dict[str, Any] = {"contrib": True}
ELSEWHERE: dict[str, Any] = {"contrib": False}
NAMES = ("form", "options", "nodes", "error")
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
ATTENTION = "y = com.microsoft.Attention <num_heads = 4> (x, w, b, mask)"
WITH_MASK = f"float[batch, sequence, {WIDTH}] x, int32[batch, sequence] mask"


def answers(model: onnx.ModelProto, **feed: Any) -> Floats:
    return run(model, **feed)[0]


def attention(nodes: str = ATTENTION, **constants: Any) -> onnx.ModelProto:
    own = {"w": weight(WIDTH, 3 * WIDTH, seed=3), "b": draw(3 * WIDTH, seed=4)}
    return model_of(nodes, own | constants, inputs=WITH_MASK)


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
    weights = {"w": weight(WIDTH, WIDTH, seed=1), "v": weight(WIDTH, WIDTH, seed=2)}
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
    constants = {"w": weight(WIDTH, WIDTH, seed=1), "b": draw(WIDTH), "m": draw(WIDTH, WIDTH)}
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
    x = X.copy()
    x[..., 3] *= 40
    x[..., 17] = 0.5 * x[..., 17] + 30
    model = model_of(DENSE, DENSE_CONSTANTS)
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


def test_static_attention_is_one_operator_where_that_can_say_the_same(tmp_path: Path) -> None:
    for nodes in (ATTENTION, ATTENTION.replace("= 4", "= 4, scale = 0.25")):
        model = attention(nodes)
        result = quantized(model, STATIC, tmp_path, x=X, mask=MASK)
        assert operators(result) == {"QuantizeLinear": 1, "QAttention": 1}
        found, right = (answers(m, x=X, mask=MASK) for m in (result, model))
        assert relative_error(found, right) < 0.02


@pytest.mark.parametrize(
    "nodes",
    [
        ATTENTION.replace("mask)", "mask, , scores)"),
        ATTENTION.replace("= 4", "= 4, scale = 0.7"),
        ATTENTION.replace("= 4", "= 4, unidirectional = 1"),
    ],
    ids=["scores", "scale", "unidirectional"],
)
def test_static_attention_that_says_more_is_split(nodes: str, tmp_path: Path) -> None:
    scores = 3 * draw(1, 4, 40, 40, seed=7)
    model = attention(nodes, **({"scores": scores} if "scores" in nodes else {}))
    result = quantized(model, STATIC, tmp_path, x=X, mask=MASK)
    kinds = "QuantizeLinear MatMulIntegerToFloat Split MultiHeadAttention"
    assert operators(result) == Counter(kinds.split())
    found, right, plain = (
        answers(m, x=X, mask=MASK) for m in (result, model, attention(ATTENTION))
    )
    assert relative_error(found, right) < 0.02
    assert relative_error(plain, right) > 0.05


@pytest.mark.parametrize(NAMES, CPU_FORMS)
def test_attention_keeps_its_mask_its_bias_and_what_is_added_to_scores(
    form: str, options: dict[str, Any], nodes: str, error: float, tmp_path: Path
) -> None:
    text = ATTENTION.replace("= 4", "= 4, scale = 0.7").replace("mask)", "mask, , scores)")
    model = attention(text, scores=3 * draw(1, 4, 40, 40, seed=7))
    result = quantized(model, form, tmp_path, **options, x=X, mask=MASK)
    assert operators(result)["MultiHeadAttention"] == 1
    assert matmul_forms(read_graph(tmp_path / "int8.onnx")) == {form: 1}
    found, right = (answers(m, x=X, mask=MASK) for m in (result, model))
    assert relative_error(found, right) < 2 * error


def test_layers_that_the_plan_does_not_name_stay_floats(tmp_path: Path) -> None:
    model = model_of(DENSE, DENSE_CONSTANTS)
    result = quantized(model, FLOAT, tmp_path, x=X)
    assert operators(result) == {"MatMul": 1, "Add": 1}
    assert np.array_equal(run(result, x=X)[0], run(model, x=X)[0])


TABLE = draw(300, WIDTH, seed=8)
IDS = np.array([[0, 1, 299], [5, 5, 0]], np.int64)
LOOKUP = "e = Gather(table, ids)  y = MatMul(e, w)"


def lookup(nodes: str = LOOKUP, **constants: Any) -> onnx.ModelProto:
    own = {"table": TABLE, "w": DENSE_CONSTANTS["w"]}
    return model_of(nodes, own | constants, inputs="int64[batch, sequence] ids")


def test_tables_in_int8_are_gathered_before_they_are_scaled(tmp_path: Path) -> None:
    table = TABLE.copy()
    table[5] = 0  # padding
    table[1] *= 1000
    graph = prepared(lookup(table=table), tmp_path)
    assert graph.tables == ("table",)
    kinds = [node.op_type for node in graph.model.graph.node]
    assert kinds == ["Gather", "Gather", "Cast", "Mul", "MatMul"]
    constants = constants_of(graph.model)
    assert constants["table_int8"].dtype == np.int8
    assert constants["table_scale"].shape == (300, 1)
    assert "table" not in constants
    graph.model.graph.output.append(onnx.helper.make_tensor_value_info("e", 1, None))
    rows = run(graph.model, outputs=["e"], ids=IDS)[0]
    sizes = np.abs(table[IDS]).max(axis=-1, keepdims=True)
    assert (np.abs(rows - table[IDS]) <= 0.501 * sizes / 127).all()
    assert not rows[1, :2].any()


@pytest.mark.parametrize(
    ("nodes", "shape"),
    [
        (LOOKUP, (2, WIDTH)),
        (LOOKUP.replace("Gather(table, ids)", "Gather <axis = 1> (table, ids)"), (300, WIDTH)),
    ],
    ids=["small", "other axis"],
)  # fmt: skip
def test_another_table_stays(nodes: str, shape: tuple[int, int], tmp_path: Path) -> None:
    assert prepared(lookup(nodes, table=draw(*shape)), tmp_path).tables == ()


def test_a_table_that_is_a_decoder_too_is_int8_in_both_places(tmp_path: Path) -> None:
    text = "e = Gather(table, ids)  t = Transpose(table)  y = MatMul(e, t)"
    model = lookup(text)
    model.graph.node[2].name = "decoder"
    result = quantized(model, TOKEN, tmp_path, ids=IDS)
    constants = constants_of(result)
    assert {"table_int8", "decoder.weight_quantized"} <= constants.keys()
    assert max(array.nbytes for array in constants.values()) == TABLE.size
    assert relative_error(answers(result, ids=IDS), answers(model, ids=IDS)) < 0.02


def test_only_exact_gelus_are_computed_by_tanh() -> None:
    text = "a = Gelu(x)  b = Gelu <approximate = 'tanh'> (a)  y = com.microsoft.Gelu(b)"
    model = model_of(text.replace("'", '"'), {})
    before = run(model, x=4 * X)[0]
    assert approximate_gelus(GraphEditor(model)) == ["a", "y"]
    assert operators(model) == {"FastGelu": 2, "Gelu": 1}
    assert np.abs(run(model, x=4 * X)[0] - before).max() < 2e-3
