"""Answers of a graph before and after it was rewritten for kernels, held to each other."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from kernel_operators import OPERATORS
from onnx import helper
from onnx.external_data_helper import load_external_data_for_model
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from edgebert.runtimes.kernels.choosing import find_usable_library
from edgebert.runtimes.kernels.library import KernelLibrary
from edgebert.runtimes.kernels.rewriting import Rewritten, rewrite_for_kernels

Feeds = dict[str, npt.NDArray[Any]]


def operators(rewritten: Rewritten) -> Counter[str]:
    """How many calls of each kernel operator there are."""
    nodes = onnx.ModelProto.FromString(rewritten.graph).graph.node
    return Counter(node.op_type for node in nodes if node.domain == "edgebert.kernels")


def some_texts(graph: Path, *, texts: int = 4, tokens: int = 12, vocabulary: int = 60) -> Feeds:
    """Ids for every input that a graph has: texts of several lengths, of which one fills its row."""
    dice = np.random.default_rng(5)
    lengths = np.linspace(tokens, 3, texts).astype(int)[:, None]
    mask = (np.arange(tokens) < lengths).astype(np.int64)
    given = {
        "input_ids": dice.integers(5, vocabulary, (texts, tokens)) * mask,
        "attention_mask": mask,
        "token_type_ids": (np.arange(tokens) > tokens // 2) * mask,
    }
    wanted = _session(graph).get_inputs()
    dtypes = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
    return {value.name: given[value.name].astype(dtypes[value.type]) for value in wanted}


def answers(graph: Path, feeds: Feeds) -> Feeds:
    """What onnxruntime answers."""
    session = _session(graph)
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def kernel_answers(graph: bytes, folder: Path, feeds: Feeds) -> Feeds:
    """What a rewritten graph answers: kernel operators in numpy, the rest one by one in onnxruntime.

    Args:
        graph: the bytes.
        folder: of the file that it was made of, in which large constants lie.
        feeds: what it is given.
    """
    model = onnx.ModelProto.FromString(graph)
    load_external_data_for_model(model, str(folder))
    versions = {entry.domain: entry.version for entry in model.opset_import}
    others = {(node.op_type, node.domain) for node in model.graph.node if node.input}
    borrowed = [_borrowed(*o, versions) for o in sorted(others) if o[1] != "edgebert.kernels"]
    reference = ReferenceEvaluator(model, new_ops=[*OPERATORS, *borrowed])
    names = [value.name for value in model.graph.output]
    return dict(zip(names, reference.run(None, feeds), strict=True))


def library_answers(
    rewritten: Rewritten, folder: Path, library: KernelLibrary, feeds: Feeds
) -> Feeds:
    """What a rewritten graph answers in onnxruntime, with the kernels' library."""
    options, value = _options(), onnxruntime.OrtValue.ortvalue_from_numpy
    options.register_custom_ops_library(str(library.path))
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(folder)
    )
    tables = {name: value(table) for name, table in rewritten.tables.items()}
    for item in tables.items():
        options.add_initializer(*item)
    session = onnxruntime.InferenceSession(rewritten.graph, options)
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def require_alike(path: Path, feeds: Feeds | None = None, *, least: float = 0.9999) -> Rewritten:
    """Rewrite a graph, and hold every token and vector of its answers to what they were.

    A value that falls between two codes may be rounded otherwise, which tips a whole token: `least`
    is of cosines. What padding gives is nobody's.
    """
    rewritten = rewrite_for_kernels(path)
    feeds = some_texts(path) if feeds is None else feeds
    expected, found = answers(path, feeds), kernel_answers(rewritten.graph, path.parent, feeds)
    _require_near(found, expected, feeds, least)
    if (library := find_usable_library()) is not None:
        found = library_answers(rewritten, path.parent, library, feeds)
        _require_near(found, expected, feeds, least)
    return rewritten


def _require_near(found: Feeds, expected: Feeds, feeds: Feeds, least: float) -> None:
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert (found[name].shape, found[name].dtype) == (values.shape, values.dtype), name
        mask = feeds.get("attention_mask")
        real = mask > 0 if mask is not None and values.shape[:2] == mask.shape else ...
        cosines = _cosines(np.atleast_2d(values[real]), np.atleast_2d(found[name][real]))
        assert cosines.min() >= least, f"{name}: {cosines.min()}"


def _cosines(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any]:
    one, other = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return np.asarray(((one * other).sum(axis=-1) + 1e-30) / (lengths + 1e-30))


def _session(graph: Path | bytes) -> onnxruntime.InferenceSession:
    model = str(graph) if isinstance(graph, Path) else graph
    return onnxruntime.InferenceSession(model, _options(), providers=["CPUExecutionProvider"])


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what is refused is raised
    options.add_session_config_entry(
        "optimization.disable_specified_optimizers", "SkipLayerNormFusion"
    )  # which does not ask for the axis, and sums in another order
    return options


def _borrowed(op_type: str, domain: str, versions: dict[str, int]) -> type[OpRun]:
    """An operator that is none of the kernels', run by onnxruntime as a graph of its own."""

    def run(self: Any, *inputs: Any, **_: Any) -> tuple[Any, ...]:
        node = self.onnx_node
        given = [(name, value) for name, value in zip(node.input, inputs, strict=True) if name]
        feeds = {name: np.asarray(value) for name, value in given}
        takes = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )
            for name, value in feeds.items()
        ]
        gives = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
        graph = helper.make_graph([node], "one", takes, gives)
        imports = [helper.make_opsetid(*item) for item in versions.items()]
        model = helper.make_model(graph, opset_imports=imports, ir_version=9)
        found = iter(_session(model.SerializeToString()).run(None, feeds))
        nothing = np.zeros(0, np.float32)  # of an output that is left out
        return tuple(next(found) if name else nothing for name in node.output)

    return type(op_type, (OpRun,), {"op_domain": domain, "_run": run})
