"""What int8 adds to a graph has names of its own, whatever the graph calls its own parts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from handmade import (
    FORMS,
    NAMES,
    SQUARE,
    WIDTH,
    Floats,
    X,
    answers,
    constants_of,
    draw,
    model_of,
    operators,
    quantized,
    relative_error,
    weight,
)

from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.parts import DYNAMIC, STATIC, TOKEN, WEIGHT_ONLY

IDS = np.array([[0, 1, 299, 7], [5, 5, 0, 0]], np.int64)
MASK = np.array([[1] * 4, [1, 1, 0, 0]], np.int32)
LOWERED = draw(300, WIDTH, seed=8) - np.linspace(0, 4, WIDTH, dtype=np.float32)
"""A table whose channels are far from zero, each at its own place: they get an offset."""


def everything(more: str = "y = Identity(z)", **constants: Any) -> onnx.ModelProto:
    """A table that is a decoder too, an attention, a Gemm and a layer; and `more`, after z."""
    own = {
        "table": LOWERED,
        "heads.weight": weight(WIDTH, 3 * WIDTH, seed=3),
        "heads.bias": draw(3 * WIDTH, seed=4),
        "w": SQUARE,
        "b": draw(WIDTH, seed=2),
        "turned": weight(300, 300, seed=5),
        "c": draw(300, seed=6),
    }
    return model_of(
        f"""e = Gather(table, ids)
            a = com.microsoft.Attention <num_heads = 4> (e, "heads.weight", "heads.bias", mask)
            p = MatMul(a, w)  n = Add(p, b)
            t = Transpose(table)  d = MatMul(n, t)
            f = Reshape(d, rows)  z = Gemm <transB = 1> (f, turned, c)  {more}""",
        own | constants,
        inputs="int64[batch, sequence] ids, int32[batch, sequence] mask, int64[2] rows",
    )


FEED: dict[str, Any] = {"ids": IDS, "mask": MASK, "rows": np.array([-1, 300], np.int64)}


def values_of(model: onnx.ModelProto) -> set[str]:
    return {name for node in model.graph.node for name in node.output} | set(constants_of(model))


def added(before: onnx.ModelProto, after: onnx.ModelProto) -> list[str]:
    """The names of values that quantization gave."""
    return sorted(values_of(after) - values_of(before))


def chain(operator: str, names: Iterable[str]) -> str:
    """Nodes from z to y that leave a value as it is, and give or take one of each name."""
    at, nodes = "z", []
    for place, name in enumerate(names):
        nodes.append(operator.format(at=at, name=f'"{name}"', to=f"left_{place}"))
        at = f"left_{place}"
    return "  ".join([*nodes, f"y = Identity({at})"])


@pytest.mark.parametrize("kind", ["constants", "values"])
@pytest.mark.parametrize(NAMES, FORMS)
def test_a_graph_that_has_all_our_names_already_gives_the_same_answers(
    form: str, options: dict[str, Any], nodes: str, error: float, kind: str, tmp_path: Path
) -> None:
    plain = everything()
    expected = quantized(plain, form, tmp_path, **options, **FEED)
    names = added(plain, expected)
    assert len(names) > 15
    if kind == "constants":
        large = dict.fromkeys(names, np.float32(1e30))
        model = everything(chain("{to} = Min({at}, {name})", names), **large)
    else:
        model = everything(chain("{name} = Neg({at})  {to} = Neg({name})", names))
    nodes_there = [node for node in model.graph.node if node.op_type in ("Min", "Neg")]
    ours = sorted({node.name for node in expected.graph.node} - {""})
    for node, name in zip(nodes_there, ours, strict=False):
        node.name = name
    assert len(nodes_there) > len(ours) >= 4
    result = quantized(model, form, tmp_path, **options, **FEED)
    assert set(names) <= values_of(result)
    assert len(added(model, result)) == len(names)
    assert np.array_equal(answers(result, **FEED), answers(expected, **FEED))


@pytest.mark.parametrize(
    ("nodes", "name", "ours", "value"),
    [
        ("h = Mul(x, one)  p = MatMul(h, w)  y = Add(p, b)", "one", "one_2", np.float32(2)),
        ('p = MatMul(x, w)  y = Add(p, "p.bias")', "p.bias", "p_2.bias", draw(WIDTH, seed=9)),
    ],
    ids=["one", "p.bias"],
)
def test_a_constant_of_the_graph_is_not_taken_for_one_of_ours(
    nodes: str, name: str, ours: str, value: Floats, tmp_path: Path
) -> None:
    x = X * np.linspace(0.1, 9, WIDTH, dtype=np.float32) + 3
    model = model_of(nodes, {"w": SQUARE, "b": draw(WIDTH, seed=2), name: value})
    result = quantized(model, TOKEN, tmp_path, x=x)
    assert ours in constants_of(result)
    assert relative_error(answers(result, x=x), answers(model, x=x)) < 0.05


@pytest.mark.parametrize("form", [TOKEN, STATIC, DYNAMIC, WEIGHT_ONLY])
def test_layers_without_names_may_share_a_weight(form: str, tmp_path: Path) -> None:
    model = model_of("h = MatMul(x, w)  n = Tanh(h)  y = MatMul(n, w)", {"w": SQUARE})
    result = quantized(model, form, tmp_path, x=X)
    assert {"w", "w_2"} <= {node.name for node in result.graph.node}
    assert relative_error(answers(result, x=X), answers(model, x=X)) < 0.05


def test_a_layer_without_a_name_does_not_take_that_of_another_node(tmp_path: Path) -> None:
    model = model_of("h = Tanh(x)  y = MatMul(h, w)", {"w": SQUARE})
    model.graph.node[0].name = "w"
    result = quantized(model, TOKEN, tmp_path, x=X)
    assert {node.name for node in result.graph.node} == {"w", "w_2", ""}
    assert relative_error(answers(result, x=X), answers(model, x=X)) < 0.05


def test_two_decoders_without_names_may_use_one_table(tmp_path: Path) -> None:
    text = """e = Gather(table, ids)  t = Transpose(table)  a = MatMul(e, t)
              n = Neg(e)  u = Transpose <perm = [1, 0]> (table)  b = MatMul(n, u)  y = Sub(a, b)"""
    model = model_of(text, {"table": draw(300, WIDTH, seed=8)}, inputs="int64[n, s] ids")
    result = quantized(model, TOKEN, tmp_path, ids=IDS)
    assert operators(result)["MatMulIntegerToFloat"] == 2
    assert relative_error(answers(result, ids=IDS), answers(model, ids=IDS)) < 0.05


def test_a_weight_that_is_a_table_too_has_other_scales_than_its_rows(tmp_path: Path) -> None:
    table = draw(300, WIDTH, seed=8)
    table[7] *= 100  # a row that would spoil the others of its column
    text = "e = Gather(table, ids)  s = Softmax(weights)  m = MatMul(s, table)  y = Add(e, m)"
    model = model_of(text, {"table": table}, inputs="int64[n, s] ids, float[n, s, 300] weights")
    feed: dict[str, Any] = {"ids": IDS, "weights": draw(2, 4, 300, seed=9)}
    result = quantized(model, TOKEN, tmp_path, **feed)
    constants = constants_of(result)
    assert constants["table_scale"].shape == (300, 1)
    assert constants["table_2_scale"].shape == (WIDTH,)
    assert relative_error(answers(result, **feed), answers(model, **feed)) < 0.05


def test_constants_are_shared_only_with_our_own_of_the_same_values() -> None:
    editor = GraphEditor(model_of("y = Add(x, one)", {"one": np.ones(1)}))
    ours = editor.constant("one", np.ones(1, np.float32))
    assert ours == "one_2" == editor.constant("one", np.ones(1, np.float32))
    assert editor.constant("one", np.full(1, 2, np.float32)) == "one_3"
    assert editor.constant("one", np.ones(1, np.int8)) == "one_4"
    assert editor.value("one") == "one_5"
    assert editor.constant("one", np.full(1, 5, np.float32)) == "one_6"
    assert list(constants_of(editor.model)) == ["one", "one_2", "one_3", "one_4", "one_6"]


def test_constants_that_go_together_get_one_stem() -> None:
    editor = GraphEditor(model_of("y = Add(x, w_scale)", {"w_scale": np.ones(1)}))
    scales = np.ones(2, np.float32)
    parts: dict[str, Any] = {"_quantized": np.ones((2, 2), np.int8), "_scale": scales}
    names = ("w_2_quantized", "w_2_scale")
    assert editor.constants("w", parts) == names == editor.constants("w", parts)
    assert editor.constants("w", parts | {"_scale": np.zeros(2, np.float32)})[0] == "w_3_quantized"


def test_a_name_inside_a_subgraph_is_taken() -> None:
    text = "y = If (given) <then_branch = a () => (float q) { one = Neg(x)  q = Neg(one) }, "
    text += "else_branch = b () => (float r) { r = Neg(x) }>"
    editor = GraphEditor(model_of(text, {}, inputs=f"float[n, {WIDTH}] x, bool given"))
    assert editor.constant("one", np.ones(1, np.float32)) == "one_2"
    assert editor.value("r") == "r_2"
