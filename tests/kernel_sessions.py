"""Graphs of one kernel operator, run on every instruction set of this CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from edgebert.runtimes.kernels.library import KernelLibrary
from edgebert.runtimes.kernels.matching.operators import DOMAIN, VERSION

Values = npt.NDArray[Any]
Inputs = Mapping[str, Values | None]

FIRST = {"y": TensorProto.FLOAT}
"""The one output of most operators."""


def operator_session(
    library: KernelLibrary,
    name: str,
    inputs: Inputs,
    fed: Sequence[str],
    attributes: Mapping[str, Any],
    threads: int = 1,
    outputs: Mapping[str, int] = FIRST,
) -> onnxruntime.InferenceSession:
    """A graph of one operator; inputs that are not fed are constants, and None is left out."""
    given = {key: value for key, value in inputs.items() if value is not None}
    names = [key if key in given else "" for key in inputs]
    while not names[-1]:
        names.pop()
    node = helper.make_node(name, names, list(outputs), domain=DOMAIN, **attributes)
    values = [
        helper.make_tensor_value_info(key, helper.np_dtype_to_tensor_dtype(given[key].dtype), None)
        for key in fed
    ]
    graph = helper.make_graph(
        [node],
        "one",
        values,
        [helper.make_tensor_value_info(key, kind, None) for key, kind in outputs.items()],
        [numpy_helper.from_array(v, key) for key, v in given.items() if key not in fed],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(DOMAIN, VERSION)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    options.register_custom_ops_library(str(library.path))
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def run_on_all(
    library: KernelLibrary,
    name: str,
    inputs: Inputs,
    fed: Sequence[str],
    outputs: Mapping[str, int] = FIRST,
    **attributes: Any,
) -> list[Values]:
    """Run one operator on every instruction set of this CPU, on 1 and 2 threads: all the same bits."""
    answers = []
    try:
        for instruction_set in library.instruction_sets:
            library.choose(instruction_set)
            for threads in (1, 2):
                session = operator_session(library, name, inputs, fed, attributes, threads, outputs)
                answers.append(session.run(None, {key: inputs[key] for key in fed}))
    finally:
        library.choose("")
    for others in answers[1:]:
        for one, other in zip(answers[0], others, strict=True):
            np.testing.assert_array_equal(one.view(np.int32), other.view(np.int32))
    return [np.asarray(one) for one in answers[0]]
