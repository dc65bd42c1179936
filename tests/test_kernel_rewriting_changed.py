"""Graphs that somebody changed: what is no longer a kernel's stays, and every answer is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from kernel_answers import answers, kernel_answers, operators, require_alike, some_texts
from onnx import helper, numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    NotImplemented,
    RuntimeException,
)
from tiny_models import MadeOnce

from edgebert.errors import InputError
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.runtimes.kernels.rewriting import Rewritten, rewrite_for_kernels

_REFUSED = (Fail, InvalidArgument, InvalidGraph, NotImplemented, RuntimeException)
_SMALL = 200  # values of a constant that is worth changing
_WHOLE = {"Embedding": 1, "Linear": 8, "SelfAttention": 2, "Pooling": 1}


@pytest.fixture(scope="module", params=["token", "static"])
def graph(
    request: pytest.FixtureRequest, made_once: MadeOnce, tiny_bundle: Path, tiny_int8: Path
) -> Path:
    if request.param == "token":
        return tiny_int8 / "model.onnx"
    options = QuantizeOptions(scheme="static")
    made = made_once(
        "kernels-static", lambda folder: quantize_bundle(tiny_bundle, folder, options=options)
    )
    return made / "model.onnx"


class Changed:
    """A graph to be changed, and how it answers then."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.model = onnx.load(source)
        self._path = folder / "model.onnx"

    def node(self, op_type: str, place: int = 0) -> onnx.NodeProto:
        return [node for node in self.model.graph.node if node.op_type == op_type][place]

    def maker(self, value: str) -> onnx.NodeProto:
        (found,) = (node for node in self.model.graph.node if value in node.output)
        return found

    def constant(self, name: str) -> npt.NDArray[Any]:
        (tensor,) = (t for t in self.model.graph.initializer if t.name == name)
        return np.array(numpy_helper.to_array(tensor))

    def put(self, name: str, values: npt.NDArray[Any]) -> str:
        """Put a constant in place of another, or under a new name."""
        kept = [tensor for tensor in self.model.graph.initializer if tensor.name != name]
        del self.model.graph.initializer[:]
        self.model.graph.initializer.extend([*kept, numpy_helper.from_array(values, name)])
        return name

    def rewritten(self, least: float = 0.999, *, padded: bool = True) -> Rewritten:
        onnx.save(self.model, self._path)
        feeds = some_texts(self._path)
        if not padded:
            feeds["attention_mask"][:] = 1
        return require_alike(self._path, feeds, least=least)


@pytest.fixture
def changed(graph: Path, tmp_path: Path) -> Changed:
    return Changed(graph, tmp_path)


def test_a_value_that_is_an_output_too_stays(changed: Changed) -> None:
    """Every value of floats inside the graph, all at once: nothing can go into anything else."""
    floats = {
        "Add", "Mul", "LayerNormalization", "FastGelu", "MatMulIntegerToFloat", "QAttention",
        "MultiHeadAttention", "Div", "MatMul",
    }  # fmt: skip
    names = [n.output[0] for n in changed.model.graph.node if n.op_type in floats]
    known = {value.name for value in changed.model.graph.output}
    changed.model.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        for name in names
        if name not in known
    )
    counts = operators(changed.rewritten())
    assert (counts["Linear"], counts["LayerNorm"]) == (8, 5)


def test_each_value_may_be_an_output_alone(changed: Changed) -> None:
    outputs = list(changed.model.graph.output)
    for node in list(changed.model.graph.node)[::7]:
        value = helper.make_empty_tensor_value_info(node.output[0])
        del changed.model.graph.output[:]
        changed.model.graph.output.extend([*outputs, value])
        changed.rewritten()


def test_a_constant_that_is_an_input_too_is_none(changed: Changed) -> None:
    """Whoever runs the graph may give another."""
    gain = changed.node("LayerNormalization").input[1]
    changed.model.graph.input.append(
        helper.make_tensor_value_info(gain, onnx.TensorProto.FLOAT, [64])
    )
    path = changed._path
    onnx.save(changed.model, path)
    given = {**some_texts_without(path, gain), gain: np.linspace(-1, 1, 64, dtype=np.float32)}
    found = kernel_answers(rewrite_for_kernels(path).graph, path.parent, given)
    for name, values in answers(path, given).items():
        assert np.abs(found[name] - values).max() < 0.1, name


def some_texts_without(path: Path, name: str) -> dict[str, npt.NDArray[Any]]:
    model = onnx.load(path)
    kept = [value for value in model.graph.input if value.name != name]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    onnx.save(model, path.with_name("given.onnx"))
    return some_texts(path.with_name("given.onnx"))


def _levels(changed: Changed) -> None:
    step = next(n for n in changed.model.graph.node if n.op_type == "Max")
    changed.maker(step.input[0]).input[1] = changed.put("other", np.array([1 / 100], np.float32))


def _least_scale(changed: Changed) -> None:
    changed.node("Max").input[1] = changed.put("other", np.array([0.5], np.float32))


def _step(changed: Changed) -> None:
    changed.put("one", np.array([1.5], np.float32))


def _weight_zero_points(changed: Changed) -> None:
    product = changed.node("MatMulIntegerToFloat")
    zero = changed.put("weight_zero", np.full(1, 3, np.int8))
    product.input.extend([""] * (6 - len(product.input)))
    product.input[5] = zero


def _weight_in_uint8(changed: Changed) -> None:
    product = changed.node("MatMulIntegerToFloat")
    name, zero = product.input[1], changed.put("weight_zero", np.full(1, 128, np.uint8))
    weight = changed.constant(name).astype(np.int16) + 128
    changed.put(name, weight.astype(np.uint8))
    product.input.extend([""] * (6 - len(product.input)))
    product.input[5] = zero


@pytest.mark.parametrize(
    "change", [_levels, _least_scale, _step, _weight_zero_points, _weight_in_uint8]
)
def test_a_product_that_is_quantized_otherwise_stays(
    change: Callable[[Changed], None], made_once: MadeOnce, tiny_int8: Path, tmp_path: Path
) -> None:
    changed = Changed(tiny_int8 / "model.onnx", tmp_path)
    change(changed)
    rewritten = changed.rewritten()
    assert operators(rewritten)["Linear"] < 8
    assert not rewritten.exact


@pytest.mark.parametrize(
    ("name", "value"), [("unidirectional", 1), ("mask_filter_value", -5.0), ("scale", 0.125)]
)
def test_what_an_attention_is_told_is_done(
    name: str, value: float, tiny_bundle: Path, tmp_path: Path
) -> None:
    changed = Changed(tiny_bundle / "model.onnx", tmp_path)
    attention = changed.node("Attention", 1)
    kept = [entry for entry in attention.attribute if entry.name != name]
    del attention.attribute[:]
    attention.attribute.extend([*kept, helper.make_attribute(name, value)])
    counts = operators(changed.rewritten(0.99999))
    assert counts["SelfAttention"] == {"scale": 2, "unidirectional": 1}.get(name, 0)


def test_a_mask_of_lengths_is_left_to_onnxruntime(tiny_bundle: Path, tmp_path: Path) -> None:
    changed = Changed(tiny_bundle / "model.onnx", tmp_path)
    attention = changed.node("Attention")
    axis = changed.put("axis", np.array([1], np.int64))
    lengths = helper.make_node("ReduceSum", [attention.input[3], axis], ["lengths"], keepdims=0)
    changed.model.graph.node.insert(list(changed.model.graph.node).index(attention), lengths)
    attention.input[3] = "lengths"
    assert (
        operators(changed.rewritten(0.99999))["SelfAttention"] == 0
    )  # the layers mask differently


def test_a_sum_that_spreads_is_no_residual(tiny_bundle: Path, tmp_path: Path) -> None:
    """[1, sequence, 64] and [batch, sequence, 64]."""
    changed = Changed(tiny_bundle / "model.onnx", tmp_path)
    add = next(n for n in changed.model.graph.node if n.name == "node_add_127")
    first = changed.put("first", np.array([0], np.int64))
    part = helper.make_node("Gather", [add.input[1], first], ["one_text"], axis=0)
    changed.model.graph.node.insert(list(changed.model.graph.node).index(add), part)
    add.input[1] = "one_text"
    changed.rewritten(0.99999)


@pytest.mark.parametrize("axis", [1, -2])
def test_a_layer_norm_over_more_than_the_last_axis_stays(
    axis: int, tiny_bundle: Path, tmp_path: Path
) -> None:
    changed = Changed(tiny_bundle / "model.onnx", tmp_path)
    norm = changed.node("LayerNormalization", 2)
    (stated,) = (entry for entry in norm.attribute if entry.name == "axis")
    stated.i = axis
    rewritten = changed.rewritten(0.99999, padded=False)  # which would come into the mean
    assert norm.name in rewritten.left


def test_positions_in_another_order_are_looked_up(tiny_bundle: Path, tmp_path: Path) -> None:
    changed = Changed(tiny_bundle / "model.onnx", tmp_path)
    name = "encoder.embeddings.position_ids"
    changed.put(name, np.ascontiguousarray(changed.constant(name)[:, ::-1]))
    assert operators(changed.rewritten(0.99999))["Embedding"] == 1


def test_positions_that_are_added_before_types_stay(tiny_bundle: Path, tmp_path: Path) -> None:
    """(word + position) + type is rounded otherwise than (word + type) + position."""
    changed = Changed(tiny_bundle / "model.onnx", tmp_path)
    nodes = {node.name: node for node in changed.model.graph.node}
    inner, outer = nodes["node_add_10"], nodes["node_add_18"]
    inner.input[1], outer.input[1] = outer.input[1], inner.input[1]
    order = list(changed.model.graph.node)
    order.remove(inner)
    order.insert(order.index(outer), inner)
    del changed.model.graph.node[:]
    changed.model.graph.node.extend(order)
    rewritten = changed.rewritten(0.99999)
    assert operators(rewritten)["FloatLinear"] == 8


def _edits(model: onnx.ModelProto) -> Iterator[tuple[str, Callable[[], None]]]:
    """Numbers of attributes and constants changed, axes added, inputs exchanged with those behind."""
    for place, node in enumerate(model.graph.node):
        for entry in node.attribute:
            if entry.type in (onnx.AttributeProto.INT, onnx.AttributeProto.FLOAT):
                yield f"{place} {entry.name}", partial(_change, entry)
        for at in range(len(node.input) - 1):
            yield f"{place} inputs {at}", partial(_exchange, node, at)
    for place, tensor in enumerate(model.graph.initializer):
        yield f"{place} axis", partial(tensor.dims.insert, 0, 1)
        if np.prod(tensor.dims) < _SMALL:
            yield f"{place} values", partial(_shift, tensor)


def _shift(tensor: onnx.TensorProto) -> None:
    values = numpy_helper.to_array(tensor)
    other = values * 1.3 + 0.01 if values.dtype.kind == "f" else values + 1
    tensor.CopyFrom(numpy_helper.from_array(other.astype(values.dtype), tensor.name))


def _change(entry: onnx.AttributeProto) -> None:
    if entry.type == onnx.AttributeProto.INT:
        entry.i += 1
    else:
        entry.f = 0.3


def _exchange(node: onnx.NodeProto, place: int) -> None:
    names = list(node.input)
    names[place], names[place + 1] = names[place + 1], names[place]
    del node.input[:]
    node.input.extend(names)


def test_whatever_is_edited_answers_as_onnxruntime_does_or_is_refused_by_it(
    graph: Path, tmp_path: Path
) -> None:
    """A share of all such edits, drawn at random: those that onnxruntime itself takes."""
    source, feeds = onnx.load(graph), some_texts(graph)
    count = sum(1 for _ in _edits(source))
    taken = 0
    for number in np.random.default_rng(11).permutation(count)[:60]:
        model = onnx.ModelProto()
        model.CopyFrom(source)
        what, edit = list(_edits(model))[number]
        edit()
        path = tmp_path / "model.onnx"
        onnx.save(model, path)
        rewritten = rewrite_for_kernels(path)
        try:
            expected = answers(path, feeds)
        except _REFUSED:
            continue
        found = kernel_answers(rewritten.graph, tmp_path, feeds)
        for name, values in expected.items():
            close = np.isclose(values, found[name], atol=0.05, rtol=0.05, equal_nan=True)
            assert close.mean() > 0.95, (what, name)
        taken += 1
    assert taken > 10


def test_a_damaged_file_is_left_as_it_is(graph: Path, tmp_path: Path) -> None:
    data = graph.read_bytes()
    dice = np.random.default_rng(3)
    path = tmp_path / "model.onnx"
    for end in (0, 1, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:end])
        assert rewrite_for_kernels(path) == Rewritten(data[:end], {}, (), (), exact=False)
    for _ in range(100):
        damaged = bytearray(data)
        for place in dice.integers(0, len(data), 20):
            damaged[place] = dice.integers(0, 256)
        path.write_bytes(damaged)
        rewrite_for_kernels(path)  # whatever it makes of it, it ends


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        rewrite_for_kernels(tmp_path / "none.onnx")


def test_weights_beside_the_graph_stay_there(graph: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(
        onnx.load(graph), path, save_as_external_data=True, location="weights", size_threshold=0
    )
    rewritten = rewrite_for_kernels(path)
    assert operators(rewritten) == _WHOLE
    assert len(rewritten.graph) < 20_000
    feeds = some_texts(graph)
    found = kernel_answers(rewritten.graph, tmp_path, feeds)
    for name, values in answers(graph, feeds).items():
        assert np.abs(found[name] - values).max() < 0.1


def test_weights_that_nobody_reads_any_longer_leave(graph: Path) -> None:
    model = onnx.ModelProto.FromString(rewrite_for_kernels(graph).graph)
    read = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= read
