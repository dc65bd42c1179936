"""What is no plain layer in a quantized graph: attention, tables of embeddings, GELU."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from handmade import (
    CPU_FORMS,
    MASK,
    NAMES,
    SQUARE,
    WIDTH,
    X,
    answers,
    constants_of,
    draw,
    model_of,
    operators,
    prepared,
    quantized,
    relative_error,
    run,
    weight,
)

from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.parts import STATIC, TOKEN, matmul_forms
from edgebert.onnx_graph.reading import read_graph
from edgebert.quantize.forms.tanh_gelu import approximate_gelus

ATTENTION = "y = com.microsoft.Attention <num_heads = 4> (x, w, b, mask)"
WITH_MASK = f"float[batch, sequence, {WIDTH}] x, int32[batch, sequence] mask"


def attention(nodes: str = ATTENTION, **constants: Any) -> onnx.ModelProto:
    own = {"w": weight(WIDTH, 3 * WIDTH, seed=3), "b": draw(3 * WIDTH, seed=4)}
    return model_of(nodes, own | constants, inputs=WITH_MASK)


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


TABLE = draw(300, WIDTH, seed=8)
IDS = np.array([[0, 1, 299], [5, 5, 0]], np.int64)
LOOKUP = "e = Gather(table, ids)  y = MatMul(e, w)"


def lookup(nodes: str = LOOKUP, **constants: Any) -> onnx.ModelProto:
    own = {"table": TABLE, "w": SQUARE}
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
