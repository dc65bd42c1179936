"""A graph is rewritten without the onnx package: what the package and onnxruntime make of the result."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from handmade import LEVELS, WIDTH, X, constants_of, draw, model_of, run
from onnx import helper, numpy_helper

from edgebert.errors import InputError, OutputError
from edgebert.onnx_graph.new_node import AttributeValue, NewNode
from edgebert.onnx_graph.reading import read_graph
from edgebert.onnx_graph.rewriter import rewriting
from edgebert.onnx_graph.wire_format import bytes_field, field_head, varint

SPELLED_OUT = """
    s = Add(x, skip)
    h = MatMul(s, w)
    e = Erf(h)
    unread = Neg(e)
    one = Constant<value = float {1}>()
    c = If(flag) <
        then_branch = yes () => (p) { p = Add(e, one) },
        else_branch = no () => (q) { k = Sub(e, one)  q = Identity(k) }
    >
    y = Mul(c, h)
"""
INPUTS = f"float[n, {WIDTH}] x, bool flag"
CONSTANTS = {"w": draw(WIDTH, WIDTH), "skip": draw(WIDTH, seed=1)}
FEED = {"x": X[0], "flag": np.array(True)}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    model = model_of(SPELLED_OUT, CONSTANTS, inputs=INPUTS)
    model = onnx.shape_inference.infer_shapes(model)
    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def checked(path: Path) -> onnx.ModelProto:
    onnx.checker.check_model(path)
    return onnx.load(path)


def test_a_graph_that_nobody_changes_is_written_byte_for_byte(
    source: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    for path in (source, tiny_bundle / "model.onnx"):
        with rewriting(path) as graph:
            assert graph.nodes
            graph.rename({"nobody": "somebody"})
            graph.remove_constants(["nobody"])
            graph.write(tmp_path / "copy.onnx", force=True)
        assert (tmp_path / "copy.onnx").read_bytes() == path.read_bytes()


def test_nodes_of_a_graph_are_those_that_a_reader_finds(source: Path, tiny_bundle: Path) -> None:
    with rewriting(tiny_bundle / "model.onnx") as graph:
        assert graph.nodes == read_graph(tiny_bundle / "model.onnx").nodes
    with rewriting(source) as graph:
        assert [node.op_type for node in graph.nodes] == [
            node.op_type for node in onnx.load(source).graph.node
        ]
        assert graph.constants == ("w", "skip")


def test_a_group_of_nodes_becomes_one_node_of_another_domain(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    """SkipLayerNormalization, of onnxruntime's domain, in the place of Add and LayerNormalization."""
    source = tiny_bundle / "model.onnx"
    with rewriting(source) as graph:
        made = {name: node for node in graph.nodes for name in node.outputs}
        norms = [node for node in graph.nodes if node.op_type == "LayerNormalization"]
        fused = 0
        for norm in norms:
            add = made[norm.inputs[0]]
            if add.op_type != "Add" or add.inputs[0] in graph.constants:
                continue
            if any(name in graph.constants for name in add.inputs):
                continue
            graph.replace_nodes(
                [*add.outputs, *norm.outputs],
                [
                    NewNode(
                        "SkipLayerNormalization",
                        [*add.inputs, *norm.inputs[1:]],
                        norm.outputs,
                        domain="com.microsoft",
                        name=f"{norm.name}_skip",
                        attributes={"epsilon": 1e-12},
                    )
                ],
            )
            fused += 1
        graph.import_operators("com.microsoft", 1)
        graph.remove_unread()
        graph.write(tmp_path / "model.onnx")
    assert fused > 2
    model = checked(tmp_path / "model.onnx")
    assert sum(node.op_type == "SkipLayerNormalization" for node in model.graph.node) == fused
    ids = np.arange(12, dtype=np.int64).reshape(2, 6)
    feed: dict[str, Any] = {
        "input_ids": ids,
        "attention_mask": np.ones_like(ids),
        "token_type_ids": ids * 0,
    }
    (right,) = run(source, outputs=["sentence_embedding"], **feed)
    (found,) = run(tmp_path / "model.onnx", outputs=["sentence_embedding"], **feed)
    assert np.abs(found - right).max() < 1e-5


def test_the_same_arithmetic_under_other_nodes_and_names_gives_the_same_answers(
    source: Path,
) -> None:
    rewritten = source.with_name("rewritten.onnx")
    with rewriting(source) as graph:
        graph.replace_nodes(["s", "h"], [NewNode("Gemm", ["x", "w", "b"], ["h"], name="gemm")])
        graph.set_attributes("h", {"alpha": 1.0, "transB": 0})
        graph.add_constant("b", CONSTANTS["skip"] @ CONSTANTS["w"])
        graph.remove_unread()
        graph.rename({"e": "erf", "one": "unit", "x": "hidden", "w": "weight"})
        graph.write(rewritten)
    model = checked(rewritten)
    assert [node.op_type for node in model.graph.node] == ["Gemm", "Erf", "Constant", "If", "Mul"]
    assert constants_of(model).keys() == {"weight", "b"}
    assert "s" not in {value.name for value in model.graph.value_info}
    (right,) = run(source, **FEED)
    for flag in (True, False):
        feed = {"x": X[0], "hidden": X[0], "flag": np.array(flag)}
        (right,), (found,) = run(source, **feed), run(rewritten, **feed)
        np.testing.assert_allclose(found, right, rtol=1e-4, atol=1e-4)


def test_nodes_stand_behind_what_they_read_wherever_they_were_put(source: Path) -> None:
    rewritten = source.with_name("rewritten.onnx")
    with rewriting(source) as graph:
        graph.replace_nodes(["s"], [NewNode("Add", ["moved", "skip"], ["s"])])
        graph.add_nodes([NewNode("Abs", ["abs_of"], ["moved"]), NewNode("Neg", ["x"], ["abs_of"])])
        graph.write(rewritten)
    assert [node.op_type for node in checked(rewritten).graph.node][:4] == [
        "Constant",
        "Neg",
        "Abs",
        "Add",
    ]
    spelled = SPELLED_OUT.replace("Add(x, skip)", "Add(m, skip)")
    right = run(model_of(f"n = Neg(x) m = Abs(n) {spelled}", CONSTANTS, inputs=INPUTS), **FEED)
    assert np.array_equal(run(rewritten, level=LEVELS[0], **FEED)[0], right[0])


@pytest.mark.parametrize(
    "value",
    [3, -3, 0.5, "text", [1, -2], [0.5, 2.0], ["a", "b"], draw(2, 3), np.array(7, np.int64)],
    ids=str,
)
def test_an_attribute_is_what_the_onnx_package_writes(source: Path, value: AttributeValue) -> None:
    new = NewNode("Op", ["x", ""], ["out"], "some.domain", "name", {"first": 1, "second": value})
    given = numpy_helper.from_array(value) if isinstance(value, np.ndarray) else value
    expected = helper.make_node(
        "Op", ["x", ""], ["out"], "name", domain="some.domain", first=1, second=given
    )
    assert b"".join(bytes(c) for c in new.message().chunks()) == expected.SerializeToString()
    with rewriting(source) as graph:
        graph.set_attributes("e", {"given": value, "absent": None})
        graph.set_attributes("e", {"given": value})
        graph.write(source, force=True)
    (attribute,) = onnx.load(source).graph.node[2].attribute
    assert attribute == helper.make_attribute("given", given)


@pytest.mark.parametrize("dtype", "f4 f8 f2 i1 u1 i2 u2 i4 u4 i8 u8 ? >f4".split())
def test_a_constant_of_each_type_is_added(source: Path, dtype: str) -> None:
    values = np.arange(6).reshape(2, 3).T.astype(dtype)
    with rewriting(source) as graph:
        graph.add_constant("added", values)
        graph.add_constant("none", np.zeros((0, 3), dtype))
        graph.add_constant("scalar", np.array(1, dtype))
        graph.write(source, force=True)
    constants = constants_of(checked(source))
    assert np.array_equal(constants["added"], values)
    assert constants["added"].dtype == values.dtype.newbyteorder("=")
    assert (constants["none"].shape, constants["scalar"].shape) == ((0, 3), ())


def test_operators_are_imported_in_one_version(source: Path) -> None:
    with rewriting(source) as graph:
        graph.import_operators("edge.kernels", 3)
        graph.import_operators("edge.kernels", 4)
        graph.import_operators("ai.onnx", 19)
        graph.write(source, force=True)
    assert read_graph(source).opset_imports == {"": 19, "com.microsoft": 1, "edge.kernels": 4}


def test_what_nobody_knows_stays(source: Path) -> None:
    """Fields of a later version of the format, and a length written in more bytes than it needs."""
    model = onnx.load(source)
    unknown = bytes_field(999, b"of the graph") + varint(998 << 3 | 5) + b"four"
    node = model.graph.node[1].SerializeToString() + bytes_field(997, b"of a node")
    graph = b""
    for place, entry in enumerate(model.graph.node):
        raw = node if place == 1 else entry.SerializeToString()
        graph += bytes_field(1, raw)
    del model.graph.node[:]
    graph += model.graph.SerializeToString() + unknown
    model.ClearField("graph")
    head = field_head(7, len(graph))
    longer = head[:-1] + bytes([head[-1] | 0x80, 0])
    source.write_bytes(model.SerializeToString() + longer + graph + bytes_field(996, b"of all"))
    with rewriting(source) as opened:
        opened.write(source.with_name("same.onnx"))
        opened.rename({"h": "product"})
        opened.import_operators("edge.kernels", 1)
        opened.write(source.with_name("changed.onnx"))
    assert source.with_name("same.onnx").read_bytes() == source.read_bytes()
    changed = source.with_name("changed.onnx").read_bytes()
    for kept in (unknown, bytes_field(997, b"of a node"), bytes_field(996, b"of all")):
        assert kept in changed
    assert np.array_equal(run(source.with_name("changed.onnx"), **FEED)[0], run(source, **FEED)[0])


def test_memory_does_not_grow_with_the_weights(tmp_path: Path) -> None:
    big: dict[str, Any] = {
        "w": np.zeros((WIDTH, WIDTH)),
        "table": np.ones(2**24, np.float32),
    }  # of 64 MiB
    nodes = "q = Gather(table, i) y = MatMul(x, w)"
    inputs = f"float[n, {WIDTH}] x, int64[m] i"
    onnx.save(model_of(nodes, big, inputs=inputs), tmp_path / "model.onnx")
    added = np.ones(2**22, np.float32)
    tracemalloc.start()
    try:
        with rewriting(tmp_path / "model.onnx") as graph:
            graph.rename({"x": "hidden", "table": "rows"})
            graph.add_constant("added", added)
            graph.write(tmp_path / "rewritten.onnx")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "rewritten.onnx").stat().st_size > 80 * 2**20
    assert peak < 2**20
    assert constants_of(onnx.load(tmp_path / "rewritten.onnx"))["rows"].sum() == 2**24


def test_weights_beside_a_graph_stay_there(source: Path, tmp_path: Path) -> None:
    model = onnx.load(source)
    onnx.save(model, source, save_as_external_data=True, location="weights", size_threshold=100)
    weights = (tmp_path / "weights").stat()
    right = run(source, **FEED)
    with rewriting(source) as graph:
        graph.rename({"h": "product"})
        graph.write(tmp_path / "rewritten.onnx")
        with pytest.raises(OutputError, match=r"would not find its weights: write it beside .*"):
            graph.write(tmp_path / "elsewhere" / "model.onnx")
    assert (tmp_path / "weights").stat() == weights
    assert (tmp_path / "rewritten.onnx").stat().st_size < 2000
    assert np.array_equal(run(tmp_path / "rewritten.onnx", **FEED)[0], right[0])


def test_a_graph_that_would_not_run_is_not_written(source: Path, tmp_path: Path) -> None:
    with rewriting(source) as graph:
        graph.replace_nodes(["e"], ())
        with pytest.raises(ValueError, match="nothing makes e, which the graph reads"):
            graph.write(tmp_path / "rewritten.onnx")
        graph.add_nodes([NewNode("Add", ["y", "y"], ["e"])])
        with pytest.raises(ValueError, match="in a circle"):
            graph.write(tmp_path / "rewritten.onnx")
        graph.add_nodes([NewNode("Neg", ["x"], ["w"])])
        with pytest.raises(ValueError, match="w is made twice"):
            graph.write(tmp_path / "rewritten.onnx")
        with pytest.raises(ValueError, match=r"no node of .* gives nobody"):
            graph.replace_nodes(["h", "nobody"], ())
        with pytest.raises(ValueError, match="has a value h already"):
            graph.add_constant("h", np.zeros(1))
        with pytest.raises(ValueError, match="of one type"):
            graph.set_attributes("h", {"empty": []})
        with pytest.raises(ValueError, match="complex"):
            graph.add_constant("z", np.zeros(1, np.complex64))
    assert not (tmp_path / "rewritten.onnx").exists()


def test_a_file_that_exists_is_replaced_only_when_that_is_asked_for(source: Path) -> None:
    with rewriting(source) as graph:
        with pytest.raises(OutputError, match="exists"):
            graph.write(source)
        graph.rename({"y": "answer"})
        graph.write(source, force=True)
        graph.rename({"answer": "y2"})  # of the graph as it was opened, whatever is there now
        graph.write(source, force=True)
    assert read_graph(source).outputs == ("y2",)
    checked(source)


def test_a_damaged_file_is_refused_in_one_line(source: Path, tmp_path: Path) -> None:
    dice, data = random.Random(0), source.read_bytes()
    refused = 0
    for _ in range(200):
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path = tmp_path / "damaged.onnx"
        path.write_bytes(damaged[: dice.choice([len(data), dice.randrange(len(data))])])
        try:
            with rewriting(path) as graph:
                graph.write(tmp_path / "copy.onnx", force=True)
            assert (tmp_path / "copy.onnx").read_bytes() == path.read_bytes()
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"none\.onnx cannot be read: No such file or directory$"),
        rewriting(tmp_path / "none.onnx"),
    ):
        pass


def test_large_constants_stay_in_the_file_that_a_reader_of_the_bytes_is_told_of(
    tmp_path: Path,
) -> None:
    path, table = tmp_path / "model.onnx", draw(64, 256)
    onnx.save(model_of("y = MatMul(x, table)", {"table": table}, inputs="float[n, 64] x"), path)
    x = draw(3, 64, seed=2)
    with rewriting(path) as graph:
        whole = graph.to_bytes()
        graph.leave_in_file(["table"])
        rest = graph.to_bytes()
    assert len(whole) - len(rest) > 0.99 * table.nbytes
    options = onnxruntime.SessionOptions()
    folder = "session.model_external_initializers_file_folder_path"
    options.add_session_config_entry(folder, str(tmp_path))
    session = onnxruntime.InferenceSession(rest, options, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x})
    assert np.array_equal(found, run(path, x=x)[0])


def test_constants_of_a_file_behind_a_link_are_not_left_there(source: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.onnx"
    link.symlink_to(source)
    table = draw(64, 256)
    onnx.save(model_of("y = MatMul(x, table)", {"table": table}, inputs="float[n, 64] x"), source)
    with rewriting(link) as graph:
        whole = graph.to_bytes()
        graph.leave_in_file(["table"])
        assert graph.to_bytes() == whole == source.read_bytes()
