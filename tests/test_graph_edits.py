"""Edits of a graph in memory that export's passes and quantize's forms are made of."""

from __future__ import annotations

import numpy as np
import onnx
from handmade import WIDTH, X, constants_of, model_of, run
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import DefUse, names_given
from edgebert.onnx_graph.in_memory.edits import (
    add_constant,
    cut_out,
    insert_before,
    remove_unread,
    rename_value,
    replace_nodes,
    show_values,
)

ONE, TWO = np.ones(1, np.float32), np.full(1, 2, np.float32)
BRANCHES = """
    unread = Neg(x)
    p = Mul(x, w)
    c = If(flag) <
        then_branch = yes () => (z) { z = Identity(p) },
        else_branch = no () => (k) { k = Identity(v) }
    >
    y = Add(p, c)
"""
FLAG = f"float[n, {WIDTH}] x, bool flag"


def chain() -> onnx.ModelProto:
    return model_of("a = Mul(x, w)  b = Neg(a)  y = Add(b, w)", {"w": ONE})


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_a_constant_is_shared_where_its_values_are_there_and_renamed_where_others_are() -> None:
    model = chain()
    assert add_constant(model.graph, "w", ONE) == "w"
    assert add_constant(model.graph, "w", TWO) == "w_2" == add_constant(model.graph, "w", TWO)
    assert add_constant(model.graph, "a", ONE) == "a_2"  # a is a value of the graph
    assert add_constant(model.graph, "w", ONE.astype(np.int8)) == "w_3"
    assert list(constants_of(model)) == ["w", "w_2", "a_2", "w_3"]


def test_nodes_take_the_place_of_the_first_of_those_that_go() -> None:
    model = chain()
    new = [helper.make_node("Mul", ["x", "w"], ["q"]), helper.make_node("Abs", ["q"], ["b"])]
    replace_nodes(model.graph, ["a", "b"], new)
    insert_before(model.graph, "y", [helper.make_node("Neg", ["b"], ["beside"])])
    assert operators(model) == ["Mul", "Abs", "Neg", "Add"]
    (found,) = run(model, x=X)
    assert np.array_equal(found, np.abs(X) + 1)


def test_a_renamed_value_is_read_under_its_new_name() -> None:
    model = chain()
    for old, new in (("w", "weight"), ("b", "negative")):
        rename_value(model.graph, old, new)
    assert {"weight", "negative"} < set(names_given(model.graph))
    assert not {"w", "b"} & set(names_given(model.graph))
    (found,) = run(model, x=X)
    assert np.array_equal(found, 1 - X)


def test_what_a_subgraph_takes_from_around_it_stays() -> None:
    model = model_of(BRANCHES, {"w": ONE, "v": TWO, "nobody": ONE}, inputs=FLAG)
    assert remove_unread(model.graph) == 1
    assert operators(model) == ["Mul", "If", "Add"]
    assert list(constants_of(model)) == ["w", "v"]
    assert [node.op_type for node in DefUse(model.graph).readers("p")] == ["If", "Add"]


def test_a_part_of_a_model_gives_what_the_whole_has_inside() -> None:
    whole = model_of(
        BRANCHES.replace("z = Identity(p)", "z = Neg(p)"), {"w": TWO, "v": TWO}, inputs=FLAG
    )
    show_values(whole.graph, ["c", "y", "c"])
    assert [value.name for value in whole.graph.output] == ["y", "c"]
    x, flag = X[0], np.array(True)
    y, c = run(whole, outputs=("y", "c"), x=x, flag=flag)
    given = [helper.make_tensor_value_info(name, 1, [None, WIDTH]) for name in ("p",)]
    nodes = list(whole.graph.node)[2:]
    part = cut_out(whole, nodes, [*given, whole.graph.input[1]], [whole.graph.output[0]])
    assert list(constants_of(part)) == ["v"]
    (found,) = run(part, p=2 * x, flag=flag)
    assert np.array_equal(found, y)
    assert np.array_equal(c, -2 * x)
