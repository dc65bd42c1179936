"""Graph passes: each does what its docstring says, and leaves the rest alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgebert.export.passes.bias_gelu import fuse_bias_gelu
from edgebert.export.passes.empty_rows import count_at_least_one_token
from edgebert.export.passes.idle_expands import drop_idle_expands
from edgebert.export.passes.idle_reshapes import drop_idle_reshapes
from edgebert.export.passes.layer_names import name_layers
from edgebert.export.passes.mean_pooling import pool_by_matmul
from edgebert.export.passes.merged_heads import merge_heads
from edgebert.export.passes.merged_qkv import merge_qkv
from edgebert.export.passes.mobile_operators import use_mobile_operators
from edgebert.export.passes.shared_weights import share_weights
from edgebert.export.passes.skip_layer_norm import fuse_skip_layer_norm
from edgebert.export.passes.tied_weights import tie_weights
from edgebert.export.passes.transposed_weights import store_transposed
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.merged import merge_names, names_within
from edgebert.quantize.forms.tied_weights import untie_weights

Arrays = Mapping[str, np.ndarray]

HIDDEN = 8
RANDOM = np.random.default_rng(1)
X = RANDOM.standard_normal((2, 3, HIDDEN)).astype(np.float32)
MASK = np.array([[1, 1, 1], [1, 1, 0]], np.int32)


def weight(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def model_of(
    nodes: str, constants: Arrays, shapes: Mapping[str, list[str | int]] | None = None
) -> onnx.ModelProto:
    """A graph from x (float [batch, sequence, 8]) and mask (int32) to y, written as ONNX text."""
    text = f"""
        <ir_version: 9, opset_import: ["" : 20, "com.microsoft" : 1]>
        test (float[batch, sequence, {HIDDEN}] x, int32[batch, sequence] mask) => (float y) {{
            {nodes}
        }}"""
    model = onnx.parser.parse_model(text)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    known = {"x": ["batch", "sequence", HIDDEN], **(shapes or {})}
    model.graph.value_info.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in known.items()
    )
    return model


def run(model: onnx.ModelProto, x: np.ndarray = X, mask: np.ndarray = MASK) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    session = onnxruntime.InferenceSession(
        bare.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(["y"], {"x": x, "mask": mask})[0])


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def constants_of(model: onnx.ModelProto) -> set[str]:
    return {tensor.name for tensor in model.graph.initializer}


ATTENTION = """
    q0 = MatMul(x, wq)  q = Add(q0, "l.query.bias")
    k0 = MatMul(x, wk)  k = Add("l.key.bias", k0)
    v0 = MatMul(x, wv)  v = Add(v0, "l.value.bias")
    y = com.microsoft.MultiHeadAttention <num_heads = 2, scale = 0.7> (q, k, v, , mask)
"""


def attention(nodes: str = ATTENTION) -> onnx.ModelProto:
    weights = {name: weight(HIDDEN, HIDDEN) for name in ("wq", "wk", "wv")}
    biases = {f"l.{part}.bias": weight(HIDDEN) for part in ("query", "key", "value")}
    return model_of(nodes, {**weights, **biases})


def test_projections_are_merged_into_attention() -> None:
    model = attention()
    before = run(model)
    name_layers(model)
    assert merge_qkv(model) == 1
    assert operators(model) == {"Attention": 1}
    assert constants_of(model) == {"l.{query,key,value}.weight", "l.{query,key,value}.bias"}
    assert model.graph.node[0].name == "l.{query,key,value}"
    assert np.abs(run(model) - before).max() < 1e-6


def test_what_is_added_to_the_scores_goes_through_merging() -> None:
    model = attention(ATTENTION.replace(", , mask)", ", , mask, scores)"))
    model.graph.initializer.append(numpy_helper.from_array(weight(1, 2, 3, 3), "scores"))
    before = run(model)
    assert merge_qkv(model) == 1
    assert np.abs(run(model) - before).max() < 1e-6


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('q0 = MatMul(x, wq)  q = Add(q0, "l.query.bias")', "q = MatMul(x, wq)"),
        ("k0 = MatMul(x, wk)", "z = Neg(x)  k0 = MatMul(z, wk)"),
        ('k = Add("l.key.bias", k0)', 'k1 = Add("l.key.bias", k0)  k = Neg(k1)'),
    ],
    ids=["no bias", "another input", "something behind a projection"],
)
def test_other_projections_stay(old: str, new: str) -> None:
    assert merge_qkv(attention(ATTENTION.replace(old, new))) == 0


def test_layers_that_share_their_weights_share_the_merged_one() -> None:
    again = ATTENTION.replace("MatMul(x,", "MatMul(h,")
    for name in ("q0", "k0", "v0", "q", "k", "v"):
        again = re.sub(rf"(?<=[ (]){name}(?=[ ,)])", f"{name}_", again)
    model = attention(ATTENTION.replace("y = com", "h = com") + again)
    before = run(model)
    name_layers(model)
    assert merge_qkv(model) == 2
    assert len(constants_of(model)) == 2
    assert np.abs(run(model) - before).max() < 1e-6


HEADS = """
    k0 = MatMul(x, wk)  k1 = Add(k0, "l.key.bias")  k2 = Reshape(k1, parted)
    k = Transpose <perm = [0, 2, 1, 3]> (k2)
    v0 = MatMul(x, wv)  v1 = Add("l.value.bias", v0)  v2 = Reshape(v1, parted)
    v = Transpose <perm = [0, 2, 1, 3]> (v2)
    y = Sub(k, v)
"""


def heads(nodes: str = HEADS, **shapes: list[str | int]) -> onnx.ModelProto:
    constants = {
        "wk": weight(HIDDEN, HIDDEN),
        "wv": weight(HIDDEN, HIDDEN),
        "l.key.bias": weight(HIDDEN),
        "l.value.bias": weight(HIDDEN),
        "parted": np.array([0, 0, 2, 4]),
    }
    parted: list[str | int] = ["batch", "sequence", 2, 4]
    model = model_of(nodes, constants, {"k2": parted, "v2": parted, **shapes})
    name_layers(model)
    return model


def test_projections_that_are_parted_into_heads_are_merged() -> None:
    model = heads()
    before = run(model)
    assert merge_heads(model) == 2
    assert operators(model) == {
        "MatMul": 1, "Add": 1, "Reshape": 1, "Transpose": 1, "Split": 1, "Sub": 1,
    }  # fmt: skip
    assert {"l.{key,value}.weight", "l.{key,value}.bias"} < constants_of(model)
    assert not {"l.key.weight", "l.value.bias"} & constants_of(model)
    assert model.graph.node[0].name == "l.{key,value}"
    assert np.abs(run(model) - before).max() < 1e-6


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v0 = MatMul(x, wv)", "z = Neg(x)  v0 = MatMul(z, wv)"),
        ('v1 = Add("l.value.bias", v0)', "v1 = Add(x, v0)"),
        ("perm = [0, 2, 1, 3]> (v2)", "perm = [0, 2, 3, 1]> (v2)"),
        ("y = Sub(k, v)", "w = Sub(k, v)  u = ReduceSum(v1)  y = Sub(w, u)"),
    ],
    ids=["another input", "no bias", "turned otherwise", "read before it is parted"],
)
def test_other_projections_into_heads_stay(old: str, new: str) -> None:
    assert merge_heads(heads(HEADS.replace(old, new))) == 0


def test_projections_into_other_heads_stay() -> None:
    assert merge_heads(heads(v2=["batch", "sequence", 4, 2])) == 0
    assert merge_heads(heads(v2=["batch", "sequence", "heads", 4])) == 0


def test_merged_names_are_told_apart_again() -> None:
    names = ["a.self.query.weight", "a.self.key.weight", "a.self.value.weight"]
    assert merge_names(names) == "a.self.{query,key,value}.weight"
    for given in (names, ["one", "two.b"], ["a.b", "c.d"]):
        assert list(names_within(merge_names(given))) == given
    assert names_within("layer.0.dense.weight") == ("layer.0.dense.weight",)


def test_layers_are_named_by_their_biases() -> None:
    model = attention()
    assert name_layers(model) == 3
    assert {"l.query.weight", "l.key.weight", "l.value.weight"} <= constants_of(model)


def test_layers_without_biases_are_named_by_the_notes_of_the_exporter() -> None:
    model = model_of("y = MatMul(x, w)", {"w": weight(HIDDEN, HIDDEN)})
    note = "['', 'encoder', 'encoder.layers.0.Wo', 'linear_3']"
    model.graph.node[0].metadata_props.add(key="pkg.torch.onnx.name_scopes", value=note)
    assert name_layers(model) == 1
    assert model.graph.node[0].name == "layers.0.Wo"
    assert constants_of(model) == {"layers.0.Wo.weight"}


def test_a_weight_of_two_layers_keeps_its_name() -> None:
    nodes = 'a = MatMul(x, w) b = Add(a, "one.bias") c = MatMul(b, w) y = Add(c, "two.bias")'
    biases = {"one.bias": weight(HIDDEN), "two.bias": weight(HIDDEN)}
    model = model_of(nodes, {"w": weight(HIDDEN, HIDDEN), **biases})
    assert name_layers(model) == 0
    assert "w" in constants_of(model)


def test_equal_matrices_are_stored_once_and_equal_vectors_stay() -> None:
    matrix, vector = weight(HIDDEN, HIDDEN), np.zeros(HIDDEN, np.float32)
    nodes = "a = MatMul(x, w1) b = Add(a, b1) c = MatMul(b, w2) y = Add(c, b2)"
    model = model_of(nodes, {"w1": matrix, "w2": matrix.copy(), "b1": vector, "b2": vector})
    before = run(model)
    assert share_weights(model) == 1
    assert constants_of(model) == {"w1", "b1", "b2"}
    assert np.array_equal(run(model), before)
    assert share_weights(model) == 0


def test_a_weight_that_is_only_read_transposed_is_stored_transposed() -> None:
    nodes = """
        t = Transpose <perm = [1, 0]> (w)  again = Transpose <perm = [1, 0]> (w)
        a = MatMul(x, t)  b = MatMul(a, again)  c = Add(b, table)
        u = Transpose <perm = [1, 0]> (table)  y = MatMul(c, u)
    """
    constants = {"w": weight(HIDDEN, HIDDEN), "table": weight(1, HIDDEN)}
    model = model_of(nodes, constants)
    before = run(model)
    assert store_transposed(model) == 1
    assert operators(model) == {"MatMul": 3, "Add": 1, "Transpose": 1}
    assert constants_of(model) == {"t", "table"}
    assert np.array_equal(run(model), before)
    assert store_transposed(model) == 0


def test_a_weight_that_is_read_both_ways_round_stays() -> None:
    model = model_of(
        "t = Transpose <perm = [1, 0]> (w)  a = MatMul(x, t)  y = MatMul(a, w)",
        {"w": weight(HIDDEN, HIDDEN)},
    )
    assert store_transposed(model) == 0
    assert operators(model)["Transpose"] == 1


def test_a_tied_weight_is_stored_once_and_given_back_for_int8() -> None:
    table = weight(5, HIDDEN)
    nodes = """
        ids = Cast <to = 7> (mask)
        e = Gather(table, ids)
        a = Add(x, e)
        b = MatMul(a, square)
        y = MatMul(b, w)
    """
    constants = {
        "table": table,
        "w": np.ascontiguousarray(table.T),
        "square": weight(HIDDEN, HIDDEN),
    }
    model = model_of(nodes, constants)
    before = run(model)
    assert tie_weights(model) == 1
    assert constants_of(model) == {"table", "square"}
    assert np.array_equal(run(model), before)
    assert tie_weights(model) == 0
    assert untie_weights(GraphEditor(model)) == 1
    assert operators(model)["Transpose"] == 0
    assert np.array_equal(run(model), before)


def test_a_weight_that_differs_from_the_table_in_one_value_stays() -> None:
    table = weight(5, HIDDEN)
    other = np.ascontiguousarray(table.T)
    other[0, 0] += 1
    nodes = "ids = Cast <to = 7> (mask) e = Gather(table, ids) a = Add(x, e) y = MatMul(a, w)"
    model = model_of(nodes, {"table": table, "w": other})
    assert tie_weights(model) == 0


POOLING = """
    f = Cast <to = 1> (mask)
    column = Unsqueeze(f, last)
    masked = Mul(x, column)
    y = ReduceSum <keepdims = 0> (masked, tokens)
"""


def pooling(nodes: str = POOLING) -> onnx.ModelProto:
    axes = {"last": np.array([-1]), "tokens": np.array([1]), "batch": np.array([0])}
    return model_of(nodes, axes)


def test_pooling_is_a_product_of_matrices() -> None:
    model = pooling()
    before = run(model)
    assert pool_by_matmul(model) == 1
    assert operators(model)["ReduceSum"] == 0
    assert np.abs(run(model) - before).max() < 1e-6


def test_pooling_sums_alike_alone_and_in_a_padded_batch() -> None:
    model = pooling()
    pool_by_matmul(model)
    for tokens in (1, 2, 3, 15, 16, 17, 33, 64, 100):
        for padded in (tokens, tokens + 1, tokens + 7, 130):
            x = RANDOM.standard_normal((3, padded, HIDDEN)).astype(np.float32)
            mask = np.ones((3, padded), np.int32)
            mask[1, tokens:] = 0
            alone = run(model, x[1:2, :tokens], mask[1:2, :tokens])
            assert np.array_equal(run(model, x, mask)[1], alone[0]), (tokens, padded)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("keepdims = 0> (masked, tokens)", "keepdims = 1> (masked, tokens)"),
        ("(masked, tokens)", "(masked, batch)"),
        ("Mul(x, column)", "Mul(x, x)"),
    ],
)
def test_other_sums_stay(old: str, new: str) -> None:
    assert pool_by_matmul(pooling(POOLING.replace(old, new))) == 0


@pytest.mark.parametrize(("counted", "bounded"), [("attention_mask", 1), ("mask", 0)])
def test_only_a_count_of_tokens_is_bounded(counted: str, bounded: int) -> None:
    model = model_of(
        f"n = ReduceSum ({counted}, tokens) f = Cast <to = 1> (n) y = Div(x, f)",
        {"tokens": np.array([1])},
    )
    assert count_at_least_one_token(model) == operators(model)["Clip"] == bounded


NORM = """
    a = MatMul(x, w)
    b = Add(a, bias)
    s = Add(b, x)
    y = LayerNormalization <axis = -1, epsilon = 1e-3> (s, gain, shift)
"""


def norm(nodes: str = NORM, **shapes: list[str | int]) -> onnx.ModelProto:
    vectors = {name: weight(HIDDEN) for name in ("bias", "gain", "shift")}
    known: dict[str, list[str | int]] = {
        "b": ["batch", "sequence", HIDDEN],
        "a": ["batch", "sequence", HIDDEN],
        **shapes,
    }
    return model_of(nodes, {"w": weight(HIDDEN, HIDDEN), **vectors}, known)


def test_the_residual_sum_and_its_bias_go_into_the_layer_norm() -> None:
    model = norm()
    before = run(model)
    assert fuse_skip_layer_norm(model) == 1
    assert operators(model) == {"MatMul": 1, "SkipLayerNormalization": 1}
    assert len(model.graph.node[1].input) == 5
    assert np.abs(run(model) - before).max() < 1e-5


def test_a_sum_that_is_read_elsewhere_is_still_made() -> None:
    model = norm(NORM.replace("y = Layer", "n = Layer") + "y = Add(n, s)")
    before = run(model)
    assert fuse_skip_layer_norm(model) == 1
    assert np.abs(run(model) - before).max() < 1e-5


@pytest.mark.parametrize("shape", [[1, "sequence", HIDDEN], ["", "sequence", HIDDEN]])
def test_a_sum_of_unlike_shapes_stays(shape: list[str | int]) -> None:
    assert fuse_skip_layer_norm(norm(b=shape)) == 0


@pytest.mark.parametrize(("form", "fused"), [("none", "BiasGelu"), ("tanh", "FastGelu")])
def test_the_bias_goes_into_the_gelu(form: str, fused: str) -> None:
    nodes = f'a = Add(x, bias) y = Gelu <approximate = "{form}"> (a)'
    model = model_of(nodes, {"bias": weight(HIDDEN)})
    before = run(model)
    assert fuse_bias_gelu(model) == 1
    assert operators(model) == {fused: 1}
    assert np.abs(run(model) - before).max() < 1e-5


def test_a_gelu_of_a_sum_that_is_read_elsewhere_stays() -> None:
    model = model_of("a = Add(x, bias) g = Gelu(a) y = Add(g, a)", {"bias": weight(HIDDEN)})
    assert fuse_bias_gelu(model) == 0


def test_reshapes_that_change_the_shape_stay() -> None:
    model = model_of(
        "flat = Reshape(x, shape) y = Neg(flat)",
        {"shape": np.array([0, -1])},
        {"flat": ["batch", "flat"]},
    )
    assert drop_idle_reshapes(model) == 0


def test_reshapes_there_and_back_go() -> None:
    shapes: dict[str, list[str | int]] = {
        "heads": ["batch", "sequence", 2, 4],
        "back": ["batch", "sequence", HIDDEN],
    }
    model = model_of(
        "heads = Reshape(x, apart) back = Reshape(heads, together) y = Neg(back)",
        {"apart": np.array([0, 0, 2, 4]), "together": np.array([2, 3, HIDDEN])},
        shapes,
    )
    assert drop_idle_reshapes(model) == 2
    assert operators(model) == {"Neg": 1}


def test_a_reshape_that_takes_a_length_over_is_not_joined() -> None:
    model = model_of(
        "flat = Reshape(x, first) y = Reshape(flat, second)",
        {"first": np.array([6, 8]), "second": np.array([0, 2, 4])},
    )
    before = run(model)
    assert drop_idle_reshapes(model) == 0
    assert run(model).shape == before.shape == (6, 2, 4)


def test_an_expand_goes_where_the_operator_repeats_by_itself() -> None:
    shapes: dict[str, list[str | int]] = {"e": ["batch", "sequence", HIDDEN]}
    nodes = "s = Shape(x) n = ReduceL2(x, last) e = Expand(n, s) d = Div(x, e) y = Neg(d)"
    same: dict[str, list[str | int]] = {**shapes, "d": ["batch", "sequence", HIDDEN]}
    model = model_of(nodes, {"last": np.array([-1])}, same)
    before = run(model)
    assert drop_idle_expands(model) == 1
    assert operators(model) == {"ReduceL2": 1, "Div": 1, "Neg": 1}
    assert np.array_equal(run(model), before)


def test_an_expand_that_gives_the_result_its_shape_stays() -> None:
    nodes = "s = Shape(x) e = Expand(one, s) d = Mul(e, two) y = Add(d, x)"
    shapes: dict[str, list[str | int]] = {"two": [1], "d": ["batch", "sequence", HIDDEN]}
    model = model_of(nodes, {"one": weight(1), "two": weight(1)}, shapes)
    assert drop_idle_expands(model) == 0


def test_operators_that_mobile_chips_lack_are_written_otherwise() -> None:
    model = model_of(
        "n = Neg(x) y = ReduceL2 <keepdims = 0> (n, last)",
        {"last": np.array([-1])},
        {"n": ["batch", "sequence", HIDDEN]},
    )
    before = run(model)
    assert use_mobile_operators(model) == 2
    assert operators(model) == {"Mul": 2, "ReduceSum": 1, "Sqrt": 1}
    assert np.abs(run(model) - before).max() < 1e-5
    assert use_mobile_operators(model) == 0
