"""The ONNX reader of our own sees what the onnx package sees, and survives what is no ONNX file."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgebert.errors import InputError
from edgebert.onnx_graph.reading import OnnxGraph, read_graph

FLOAT = TensorProto.FLOAT
TYPES = {
    "float": np.float32,
    "double": np.float64,
    "half": np.float16,
    "int8": np.int8,
    "uint8": np.uint8,
    "int64": np.int64,
    "bool": np.bool_,
}


def branch(name: str, weight: np.ndarray) -> onnx.GraphProto:
    return helper.make_graph(
        [helper.make_node("MatMul", ["x", name], [f"{name}_out"], name=f"{name}_matmul")],
        name,
        [],
        [helper.make_tensor_value_info(f"{name}_out", FLOAT, None)],
        [numpy_helper.from_array(weight, name)],
    )


def a_model() -> onnx.ModelProto:
    """Every kind of tensor, a Constant, contrib operators and two branches with weights."""
    rng = np.random.default_rng(0)
    tensors = [
        numpy_helper.from_array(rng.integers(0, 2, (3, 5)).astype(dtype), name)
        for name, dtype in TYPES.items()
    ]
    typed = helper.make_tensor("typed", FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0])
    int4 = helper.make_tensor("int4", TensorProto.INT4, [3], [1, -2, 3])
    scalar = numpy_helper.from_array(np.array(-7, np.int64), "scalar")
    nodes = [
        helper.make_node("Constant", [], ["c"], value=helper.make_tensor("", FLOAT, [1], [0.5])),
        helper.make_node(
            "MultiHeadAttention",
            ["q", "", "typed"],
            ["y"],
            name="attention_0",
            domain="com.microsoft",
            num_heads=12,
            scale=0.125,
        ),
        helper.make_node(
            "If",
            ["condition"],
            ["z"],
            then_branch=branch("then", rng.random((4, 4), dtype=np.float32)),
            else_branch=branch("else", rng.random((4, 8), dtype=np.float32)),
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "a graph",
        [helper.make_tensor_value_info(name, FLOAT, ["batch", 4]) for name in ("q", "x")],
        [helper.make_tensor_value_info("z", FLOAT, None)],
        [*tensors, typed, int4, scalar],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(a_model(), path)
    return path


def test_nodes_are_those_the_onnx_package_reads(model_file: Path) -> None:
    graph, expected = read_graph(model_file), onnx.load(model_file).graph
    branches = [attribute.g for attribute in expected.node[2].attribute]
    nodes = [*expected.node, *(node for branch in branches for node in branch.node)]
    for ours, theirs in zip(graph.nodes, nodes, strict=True):
        assert (ours.op_type, ours.domain, ours.name) == (
            theirs.op_type,
            theirs.domain,
            theirs.name,
        )
        assert ours.inputs == tuple(theirs.input)
        assert ours.outputs == tuple(theirs.output)
        integers = {a.name: a.i for a in theirs.attribute if a.type == onnx.AttributeProto.INT}
        assert ours.attributes == integers


def test_weights_are_those_the_onnx_package_reads(model_file: Path) -> None:
    graph, expected = read_graph(model_file), onnx.load(model_file).graph
    branches = [attribute.g for attribute in expected.node[2].attribute]
    tensors = [*expected.initializer, *(t for branch in branches for t in branch.initializer)]
    *weights, _ = graph.initializers  # the last is the Constant's
    for ours, theirs in zip(weights, tensors, strict=True):
        assert (ours.name, ours.dims) == (theirs.name, tuple(theirs.dims))
        assert ours.data_type == theirs.data_type
        if theirs.data_type != TensorProto.INT4:  # which numpy keeps one to a byte
            assert ours.size_bytes == numpy_helper.to_array(theirs).nbytes
    assert {w.name: w.size_bytes for w in graph.initializers}["int4"] == 2


def test_a_constant_node_counts_as_a_weight(model_file: Path) -> None:
    constant = read_graph(model_file).initializers[-1]
    assert (constant.name, constant.dims, constant.size_bytes) == ("c", (1,), 4)


def test_versions_inputs_and_outputs_are_read(model_file: Path) -> None:
    graph = read_graph(model_file)
    assert graph.ir_version == 9
    assert graph.opset_imports == {"": 20, "com.microsoft": 1}
    assert (graph.inputs, graph.outputs) == (("q", "x"), ("z",))


def test_weights_in_another_file_are_sized_and_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(a_model(), path, save_as_external_data=True, location="weights", size_threshold=0)
    weights = {weight.name: weight for weight in read_graph(path).initializers}
    assert weights["double"].external_file == "weights"
    assert weights["double"].size_bytes == 3 * 5 * 8


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.onnx cannot be read: No such file or directory$"):
        read_graph(tmp_path / "none.onnx")


def test_an_empty_file_is_no_onnx_file(tmp_path: Path) -> None:
    assert "is damaged or not an ONNX file" in refusal(tmp_path, b"")


def test_a_text_is_no_onnx_file(tmp_path: Path) -> None:
    assert "is damaged or not an ONNX file" in refusal(tmp_path, b"version https://git-lfs\n")


def test_a_file_cut_short_is_refused_wherever_it_is_cut(model_file: Path, tmp_path: Path) -> None:
    data = model_file.read_bytes()
    opsets = data.index(helper.make_opsetid("", 20).SerializeToString())
    assert opsets > len(data) - 100  # the file ends with its operator sets: any cut loses one
    for length in range(0, opsets, 7):
        assert "is damaged or not an ONNX file" in refusal(tmp_path, data[:length])


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    dice = random.Random(0)
    for length in range(1, 400):
        assert "is damaged or not an ONNX file" in refusal(tmp_path, dice.randbytes(length))


def test_a_changed_byte_never_ends_in_another_error(model_file: Path, tmp_path: Path) -> None:
    dice = random.Random(0)
    data = model_file.read_bytes()
    outcomes = set()
    for _ in range(1000):
        changed = bytearray(data)
        changed[dice.randrange(len(data))] = dice.randrange(256)
        outcomes.add(type(outcome(tmp_path, bytes(changed))))
    assert outcomes == {OnnxGraph, str}


def test_a_graph_nested_without_end_is_refused(tmp_path: Path) -> None:
    message = b""
    for _ in range(2000):  # graph > node > attribute > graph > ...
        for field in (6, 5, 1):
            message = bytes([field << 3 | 2]) + varint(len(message)) + message
    graph = bytes([7 << 3 | 2]) + varint(len(message)) + message
    opset = bytes([8 << 3 | 2, 2, 2 << 3, 20])
    assert "nested more than" in refusal(tmp_path, bytes([1 << 3, 9]) + opset + graph)


@pytest.mark.parametrize(
    ("tensor", "problem"),
    [
        (TensorProto(name="w", dims=[-1], data_type=FLOAT), "no possible shape"),
        (TensorProto(name="w", dims=[2**62] * 1000, data_type=FLOAT), "no possible shape"),
        (TensorProto(name="w", dims=[2], data_type=99), "unknown type 99"),
        (TensorProto(name="w", dims=[2], data_type=FLOAT, raw_data=b"1234"), "holds 4 bytes"),
    ],
)
def test_a_tensor_that_cannot_be_is_refused(
    tmp_path: Path, tensor: TensorProto, problem: str
) -> None:
    model = a_model()
    model.graph.initializer.append(tensor)
    assert problem in refusal(tmp_path, model.SerializeToString())


def varint(value: int) -> bytes:
    head, rest = value & 0x7F, value >> 7
    return bytes([head]) if rest == 0 else bytes([head | 0x80]) + varint(rest)


def refusal(folder: Path, data: bytes) -> str:
    """The message with which `data` is refused, which is one line."""
    message = outcome(folder, data)
    assert isinstance(message, str)
    assert "\n" not in message
    return message


def outcome(folder: Path, data: bytes) -> OnnxGraph | str:
    path = folder / "fuzzed.onnx"
    path.write_bytes(data)
    try:
        return read_graph(path)
    except InputError as error:
        return str(error)
