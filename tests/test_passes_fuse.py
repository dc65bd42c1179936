"""Passes that fuse what other exporters spell out: every numbered case, and what must stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgebert.export.foreign.fusion import fuse
from edgebert.export.foreign.graph import EncoderSession, open_plainly
from edgebert.export.passes.constants import fold_constants
from edgebert.export.passes.fuse_gelu import fuse_gelu
from edgebert.export.passes.fuse_layer_norm import fuse_layer_norm

WIDTH = 8


def parse(body: str, opset: int = 20, constants: str = "") -> onnx.ModelProto:
    return onnx.parser.parse_model(
        f'<ir_version: 9, opset_import: ["" : {opset}]>\n'
        f"g (float[batch, {WIDTH}] x) => (float[batch, {WIDTH}] y)\n"
        f"<float[{WIDTH}] gain = {{1.5, 0.5, 2, 1, 1, 0.7, 1.2, 0.9}}, "
        f"float[{WIDTH}] bias = {{0.1, -0.2, 0.3, 0, 1, -1, 0.5, 0.25}}, int64[1] last = {{-1}}, "
        f"float half = {{0.5}}, float one = {{1}}, float two = {{2}}, float root = {{1.41421356}}, "
        f"float eps = {{1e-05}}, float three = {{3}}, float cube = {{0.044715}}, "
        f"float pi = {{0.7978845608}}, int64[1] first = {{0}} {constants}>\n"
        f"{{ {body} }}"
    )


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def answers(model: onnx.ModelProto, folder: Path) -> np.ndarray:
    onnx.save(model, folder / "model.onnx")
    x = np.random.default_rng(2).normal(size=(5, WIDTH)).astype(np.float32)
    (found,) = open_plainly(folder / "model.onnx").run(["y"], {"x": x})
    return np.asarray(found)


# GELU

ERF_FORMS = {
    "x (1 + erf) / 2, halved last": (
        "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)"
    ),
    "halved first": "h = Mul(x, half) a = Div(x, root) b = Erf(a) c = Add(one, b) y = Mul(h, c)",
    "one half of 1 + erf": (
        "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(half, c) y = Mul(x, d)"
    ),
    "divided by two": "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Div(d, two)",
}
TANH = (
    "p = Pow(x, three) a = Mul(p, cube) b = Add(x, a) c = Mul(b, pi) t = Tanh(c) d = Add(t, one) "
    "h = Mul(x, half) y = Mul(h, d)"
)


@pytest.mark.parametrize("form", ERF_FORMS.values(), ids=ERF_FORMS)
def test_gelu_is_found_in_any_order(form: str, tmp_path: Path) -> None:
    model = parse(form)
    before = answers(model, tmp_path)
    assert fuse_gelu(model) == 1
    assert operators(model) == {"Gelu": 1}
    assert np.abs(answers(model, tmp_path) - before).max() < 1e-6


def test_the_tanh_gelu_keeps_its_approximation(tmp_path: Path) -> None:
    model = parse(TANH)
    before = answers(model, tmp_path)
    assert fuse_gelu(model) == 1
    (gelu,) = model.graph.node
    assert onnx.helper.get_node_attr_value(gelu, "approximate") == b"tanh"
    assert np.abs(answers(model, tmp_path) - before).max() < 1e-6


def test_a_bias_before_a_gelu_stays_an_add() -> None:
    body = "z = Add(x, bias) a = Div(z, root) b = Erf(a) c = Add(b, one) d = Mul(z, c) "
    model = parse(body + "y = Mul(d, half)")
    assert fuse_gelu(model) == 1
    assert operators(model) == {"Add": 1, "Gelu": 1}


@pytest.mark.parametrize(
    "form",
    [
        "a = Div(x, two) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, half)",
        "a = Div(x, root) b = Erf(a) c = Add(b, one) d = Mul(x, c) y = Mul(d, one)",
        "t = Tanh(x) d = Add(t, one) h = Mul(x, half) y = Mul(h, d)",
        "a = Div(x, root) y = Erf(a)",
    ],
    ids=["another width", "not halved", "plain tanh", "erf alone"],
)
def test_a_function_with_other_values_is_no_gelu(form: str) -> None:
    model = parse(form)
    assert fuse_gelu(model) == 0


def test_a_gelu_whose_middle_is_read_stays() -> None:
    model = parse(ERF_FORMS["halved first"])
    model.graph.output.append(onnx.helper.make_tensor_value_info("b", 1, ["batch", WIDTH]))
    assert fuse_gelu(model) == 0


def test_before_opset_20_gelu_is_onnxruntimes_own(tmp_path: Path) -> None:
    for form, operator in ((ERF_FORMS["halved first"], "Gelu"), (TANH, "FastGelu")):
        model = parse(form, opset=17)
        before = answers(model, tmp_path)
        assert fuse_gelu(model) == 1
        assert [(n.domain, n.op_type) for n in model.graph.node] == [("com.microsoft", operator)]
        assert np.abs(answers(model, tmp_path) - before).max() < 1e-5


# LayerNorm

CENTRED = "m = ReduceMean(x, last) s = Sub(x, m) "
VARIANCE = CENTRED + "p = Pow(s, two) v = ReduceMean(p, last) w = Add(v, eps) q = Sqrt(w) "
LAYER_NORM = VARIANCE + "d = Div(s, q) g = Mul(d, gain) y = Add(g, bias)"


@pytest.mark.parametrize(
    "form",
    [
        LAYER_NORM,
        VARIANCE + "d = Div(s, q) g = Mul(gain, d) y = Add(bias, g)",
        CENTRED + "p = Mul(s, s) v = ReduceMean(p, last) w = Add(eps, v) q = Sqrt(w) "
        "r = Reciprocal(q) d = Mul(s, r) g = Mul(d, gain) y = Add(g, bias)",
        VARIANCE + "d = Div(s, q) y = Mul(d, gain)",
    ],
    ids=["as torch writes it", "constants first", "a square and a reciprocal", "without a bias"],
)
def test_layer_norm_is_found_however_it_is_written(form: str, tmp_path: Path) -> None:
    model = parse(form)
    before = answers(model, tmp_path)
    assert fuse_layer_norm(model) == 1
    assert operators(model) == {"LayerNormalization": 1}
    assert onnx.helper.get_node_attr_value(model.graph.node[0], "epsilon") == pytest.approx(1e-5)
    assert np.abs(answers(model, tmp_path) - before).max() < 1e-5


@pytest.mark.parametrize(
    "form",
    [
        LAYER_NORM.replace("(s, two)", "(x, two)").replace("(s, q)", "(x, q)"),
        LAYER_NORM.replace("last", "first"),
        VARIANCE + "d = Div(s, w) g = Mul(d, gain) y = Add(g, bias)",
        LAYER_NORM.replace("Sqrt(w)", "Sqrt(v)"),
    ],
    ids=["RMSNorm", "another axis", "divided by the variance", "no epsilon"],
)
def test_what_only_looks_like_a_layer_norm_stays(form: str) -> None:
    model = parse(form)
    assert fuse_layer_norm(model) == 0
    assert operators(model)["LayerNormalization"] == 0


def test_a_layer_norm_whose_middle_is_read_stays() -> None:
    model = parse(LAYER_NORM)
    model.graph.output.append(onnx.helper.make_tensor_value_info("v", 1, ["batch", 1]))
    assert fuse_layer_norm(model) == 0


def test_before_opset_17_there_is_no_layer_norm_to_fuse_to() -> None:
    attributes = LAYER_NORM.replace("(x, last)", "<axes = [-1]>(x)").replace(
        "(p, last)", "<axes = [-1]>(p)"
    )
    assert fuse_layer_norm(parse(attributes, opset=14)) == 0


# folding


def test_folding_keeps_an_epsilon() -> None:
    model = parse("v = Mul(x, x) w = Add(v, tiny) y = Sqrt(w)", constants=", float tiny = {1e-12}")
    assert operators(fold_constants(model))["Add"] == 1


# attention

HEADS, SIZE, TOKENS = 2, 4, 3
Change = Callable[[str], str]


def attention(body: str, constants: str = "") -> onnx.ModelProto:
    """Ids to one attention over their embeddings; `body` makes `context` of q, k, v and `b`.

    b is 0 where attention_mask is 1, else -10000, [batch, 1, 1, sequence].
    """
    random, width = np.random.default_rng(5), HEADS * SIZE
    model = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["" : 20]>\n'
        "g (int64[batch, sequence] input_ids, int64[batch, sequence] attention_mask) "
        "=> (float[batch, sequence, 8] y)\n"
        "<int64[2] axes = {1, 2}, int64[4] heads = {0, 0, 2, 4}, int64[3] joined = {0, 0, 8}, "
        f"float one = {{1}}, float low = {{-10000}}, float scale = {{0.5}}, "
        f"float root = {{0.70710678}}, float zero = {{0}}, float two = {{2}} {constants}>\n"
        "{ h = Gather(table, input_ids) qx = MatMul(h, wq) kx = MatMul(h, wk) vx = MatMul(h, wv)\n"
        "q4 = Reshape(qx, heads) q = Transpose<perm = [0, 2, 1, 3]>(q4)\n"
        "k4 = Reshape(kx, heads) k = Transpose<perm = [0, 2, 3, 1]>(k4)\n"
        "v4 = Reshape(vx, heads) v = Transpose<perm = [0, 2, 1, 3]>(v4)\n"
        "m4 = Unsqueeze(attention_mask, axes) mf = Cast<to = 1>(m4) off = Sub(one, mf)\n"
        f"b = Mul(off, low)\n{body}\n"
        "c = Transpose<perm = [0, 2, 1, 3]>(context) y = Reshape(c, joined) }"
    )
    for name, shape in (
        ("table", (30, width)),
        ("wq", (width, width)),
        ("wk", (width, width)),
        ("wv", (width, width)),
    ):
        values = random.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    return model


def scores(after: str, weights: str = "context = MatMul(p, v)") -> str:
    return f"s = MatMul(q, k) {after} p = Softmax<axis = -1>(z) {weights}"


def run(model: onnx.ModelProto, folder: Path) -> np.ndarray:
    """Answers at real tokens, with padding on either side and a hole; a row of length 70."""
    onnx.save(model, folder / "model.onnx")
    random = np.random.default_rng(6)
    mask = np.ones((4, 70), np.int64)
    mask[0, 4:], mask[1, :3], mask[2, 2:5] = 0, 0, 0
    inputs = {"input_ids": random.integers(0, 30, mask.shape), "attention_mask": mask}
    found = EncoderSession(open_plainly(folder / "model.onnx")).run(inputs)["y"]
    return np.asarray(found[mask.astype(bool)])


FUSED = {
    "scaled after the product": scores("t = Mul(s, scale) z = Add(t, b)"),
    "divided, mask first": scores("t = Div(s, two) z = Add(b, t)"),
    "query and key scaled by a root each": (
        "q2 = Mul(q, root) k2 = Mul(k, root) s = MatMul(q2, k2) z = Add(s, b) "
        "p = Softmax<axis = -1>(z) context = MatMul(p, v)"
    ),
    "scaled by a number made of shapes": scores(
        "d = Shape<start = 3, end = 4>(q) e = Cast<to = 1>(d) r = Sqrt(e) t = Div(s, r) "
        "z = Add(t, b)"
    ),
    "a Where that fills": scores(
        "t = Mul(s, scale) o = Cast<to = 9>(off) f = Where(o, low, t) z = Identity(f)"
    ),
    "a Where that keeps": scores("t = Mul(s, scale) o = Cast<to = 9>(mf) z = Where(o, t, low)"),
    "a mask for every query": scores(
        "t = Mul(s, scale) n = Shape(s) e = Expand(b, n) z = Add(t, e)"
    ),
    "a guard against nan": scores(
        "t = Mul(s, scale) z = Add(t, b)",
        "n = IsNaN(p) w = Where(n, zero, p) context = MatMul(w, v)",
    ),
    "an addend that is nothing": scores("t = Mul(s, scale) u = Add(t, zero) z = Add(u, b)"),
}


@pytest.mark.parametrize("body", FUSED.values(), ids=FUSED)
def test_attention_becomes_one_operator_with_the_padding_mask(body: str, tmp_path: Path) -> None:
    model = attention(body)
    before = run(model, tmp_path)
    fused, fusion = fuse(model, 100)
    assert (fusion.attention.found, fusion.attention.fused) == (1, 1)
    (node,) = (n for n in fused.graph.node if n.op_type == "MultiHeadAttention")
    assert list(node.input) == ["qx", "kx", "vx", "", "attention_mask_int32"]
    scale = onnx.helper.get_node_attr_value(node, "scale")
    assert scale == pytest.approx(0.5, abs=1e-6)
    assert operators(fused)["Reshape"] == 0
    assert np.abs(run(fused, tmp_path) - before).max() < 1e-5


def test_without_a_mask_no_mask_is_made_up(tmp_path: Path) -> None:
    model = attention(scores("z = Mul(s, scale)"))
    before = run(model, tmp_path)
    fused, _ = fuse(model, 100)
    (node,) = (n for n in fused.graph.node if n.op_type == "MultiHeadAttention")
    assert list(node.input) == ["qx", "kx", "vx"]
    assert np.abs(run(fused, tmp_path) - before).max() < 1e-5


LOCAL = (
    "n = Shape<start = 1, end = 2>(attention_mask) n0 = Squeeze(n) i = Range(start, n0, step) "
    "row = Unsqueeze(i, first) column = Unsqueeze(i, second) far = Sub(column, row) "
    "near = Abs(far) out = Greater(near, window) add = Where(out, low, zero) "
    "local = Unsqueeze(add, axes01) "
)
LOCAL_CONSTANTS = (
    ", int64 start = {0}, int64 step = {1}, int64[1] first = {0}, int64[1] second = {1}, "
    "int64 window = {32}, int64[2] axes01 = {0, 1}"
)


def test_a_local_window_is_no_padding_mask_but_a_bias(tmp_path: Path) -> None:
    # a window of 32 tokens is wider than a short batch, in which it would go unseen
    model = attention(
        LOCAL + scores("t = Mul(s, scale) u = Add(t, local) z = Add(u, b)"), LOCAL_CONSTANTS
    )
    before = run(model, tmp_path)
    fused, fusion = fuse(model, 100)
    assert fusion.attention.fused == 1
    (node,) = (n for n in fused.graph.node if n.op_type == "MultiHeadAttention")
    assert list(node.input)[3:] == ["", "attention_mask_int32", "local_finite"]
    assert np.abs(run(fused, tmp_path) - before).max() < 1e-5


def test_rotated_queries_get_their_heads_put_together(tmp_path: Path) -> None:
    body = (
        "turned = Neg(q) q2 = Add(q, turned) q3 = Add(q2, q) s = MatMul(q3, k) t = Mul(s, scale) "
        "z = Add(t, b) p = Softmax<axis = -1>(z) context = MatMul(p, v)"
    )
    model = attention(body)
    before = run(model, tmp_path)
    fused, fusion = fuse(model, 100)
    assert fusion.attention.fused == 1
    assert np.abs(run(fused, tmp_path) - before).max() < 1e-5


STAYS = {
    "a Where for some queries": (
        LOCAL + "o4 = Unsqueeze(out, axes01) " + scores("t = Mul(s, scale) z = Where(o4, low, t)")
    ),
    "a mask that only lowers": scores("w = Div(b, low) t = Mul(s, scale) z = Sub(t, w)"),
    "a scale that grows with the length": scores(
        "d = Shape<start = 2, end = 3>(q) e = Cast<to = 1>(d) r = Log(e) t = Mul(s, r) "
        "z = Add(t, b)"
    ),
    "two scores": scores("s2 = MatMul(q, k) t = Mul(s, s2) z = Add(t, b)"),
    "scaled after a bias": LOCAL + scores("u = Add(s, local) t = Mul(u, scale) z = Add(t, b)"),
    "scaled values": (
        "v2 = Mul(v, two) s = MatMul(q, k) z = Mul(s, scale) p = Softmax<axis = -1>(z) "
        "context = MatMul(p, v2)"
    ),
}


@pytest.mark.parametrize("body", STAYS.values(), ids=STAYS)
def test_what_is_more_than_attention_stays_and_says_why(body: str) -> None:
    fused, fusion = fuse(attention(body, LOCAL_CONSTANTS), 100)
    assert (fusion.attention.found, fusion.attention.fused) == (1, 0)
    assert len(fusion.attention.reasons) == 1
    assert operators(fused)["Softmax"] == 1


def test_weights_that_are_an_output_keep_the_attention_as_it_is() -> None:
    model = attention(scores("t = Mul(s, scale) z = Add(t, b)"))
    model.graph.output.append(onnx.helper.make_tensor_value_info("p", 1, None))
    _, fusion = fuse(model, 100)
    assert (fusion.attention.found, fusion.attention.fused) == (1, 0)


def test_a_softmax_over_labels_is_no_attention() -> None:
    model = attention(scores("t = Mul(s, scale) z = Add(t, b)", "context = Identity(v)"))
    model.graph.output.append(onnx.helper.make_tensor_value_info("p", 1, None))
    _, fusion = fuse(model, 100)
    assert fusion.attention.found == 0
