"""The outputs a bundle promises, made of those that a graph has."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto

from edgebert.checkpoint import Checkpoint
from edgebert.errors import InputError
from edgebert.export.foreign.graph import MASK, POSITIONS
from edgebert.export.foreign.parity import OutputReading
from edgebert.onnx_graph.in_memory.edits import add_constant, remove_unread, rename_value
from edgebert.sentence_modules import Normalize, SentenceModules
from edgebert.tasks import TASKS

HIDDEN, EMBEDDING = "last_hidden_state", "sentence_embedding"


def task_told_by(outputs: tuple[str, ...]) -> str | None:
    """The task that the names of a graph's outputs tell; None for logits, of which many are."""
    return next((task.name for task in TASKS if task.is_told_by(outputs)), None)


def give_bundle_outputs(
    model: onnx.ModelProto, described: Checkpoint, reading: OutputReading
) -> tuple[str, ...]:
    """Name the outputs as a bundle does, add the pooled vector where it lacks, drop all others.

    Returns:
        Names of the outputs that were dropped.

    Raises:
        InputError: the graph does not give what the task needs, or takes more than a bundle may.
    """
    graph = model.graph
    _require_inputs(graph, described)
    names = [value.name for value in graph.output]
    if described.modules is None:
        wanted = _logits(names, described, reading)
    else:
        wanted = _embedding_outputs(model, described, reading)
    _keep_outputs(graph, wanted)
    remove_unread(graph)
    return tuple(name for name in names if name not in wanted.values())


def _logits(names: list[str], described: Checkpoint, reading: OutputReading) -> dict[str, str]:
    """Name in the bundle to name in the graph, by name or else by place."""
    task = described.spec.task
    needed = task.outputs
    wanted = dict(zip(needed, names, strict=False)) | {n: n for n in needed if n in names}
    by_token = task.by_token
    if len(wanted) < len(needed) or any(
        (name in reading.by_token) != by_token for name in wanted.values()
    ):
        per = "token" if by_token else "text"
        raise InputError(
            f"the graph of {described.id} gives {', '.join(names)}; {described.task} needs "
            f"{', '.join(needed)} with a row for each {per}: name another task with --task"
        )
    return wanted


def _require_inputs(graph: onnx.GraphProto, described: Checkpoint) -> None:
    names = {value.name for value in graph.input}
    if MASK not in names:
        raise InputError(
            f"the graph of {described.id} takes no {MASK}, so texts cannot be padded; "
            "name its .onnx file to optimize it alone"
        )
    if POSITIONS in names:
        raise InputError(
            f"the graph of {described.id} takes {POSITIONS}, which no bundle does; "
            "name its .onnx file to optimize it alone"
        )


def _embedding_outputs(
    model: onnx.ModelProto, described: Checkpoint, reading: OutputReading
) -> dict[str, str]:
    """Name in the bundle to name in the graph; appends pooling where the graph has none."""
    graph, modules = model.graph, described.modules
    assert modules is not None
    hidden = next((v.name for v in graph.output if v.name in reading.by_token), None)
    if hidden is None:
        raise InputError(f"the graph of {described.id} gives no token vectors")
    if EMBEDDING not in {value.name for value in graph.output}:
        graph.node.extend(_pooling(graph, hidden, modules, described))
    return {HIDDEN: hidden, EMBEDDING: EMBEDDING}


def _keep_outputs(graph: onnx.GraphProto, wanted: dict[str, str]) -> None:
    """Let the graph give `wanted`, new name to old one, and nothing else."""
    for new, old in wanted.items():
        rename_value(graph, old, new)
    del graph.output[:]
    for name in wanted:
        per_token = name in (HIDDEN, "start_logits", "end_logits")
        dims = ["batch", "sequence"] if per_token else ["batch"]
        dims += [f"{name}_width"] if not name.endswith("_logits") else []
        graph.output.append(onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, dims))


def _pooling(
    graph: onnx.GraphProto, hidden: str, modules: SentenceModules, described: Checkpoint
) -> list[onnx.NodeProto]:
    """Nodes that make one vector of each text's token vectors, as sentence-transformers does."""
    if modules.steps not in ((), (Normalize(),)):
        raise _cannot_append(modules, described)
    pooled = f"{EMBEDDING}_raw" if modules.normalize else EMBEDDING
    match modules.poolings:
        case ("mean",):
            nodes = _mean(graph, hidden, pooled)
        case ("cls",):
            nodes = _token(hidden, pooled, last=False)
        case ("lasttoken",):
            nodes = _token(hidden, pooled, last=True)
        case _:
            raise _cannot_append(modules, described)
    if modules.normalize:
        nodes += _unit_length(graph, pooled)
    for node in nodes:
        node.name = node.output[0]
    return nodes


def _cannot_append(modules: SentenceModules, described: Checkpoint) -> InputError:
    what = ", ".join(type(step).__name__ for step in modules.steps)
    what = f"{modules.pooling} pooling" + (f" and {what}" if what else "")
    return InputError(
        f"{described.id} has {what}, which optimize cannot append to a graph; "
        "export its checkpoint instead"
    )


def _mean(graph: onnx.GraphProto, hidden: str, pooled: str) -> list[onnx.NodeProto]:
    make = onnx.helper.make_node
    one = add_constant(graph, "pooling_one", np.array([1], np.int64))
    last = add_constant(graph, "pooling_last", np.array([-1], np.int64))
    least = add_constant(graph, "pooling_least", np.array(1, np.float32))
    return [
        make("Unsqueeze", [MASK, last], ["pooling_column"]),
        make("Cast", ["pooling_column"], ["pooling_weights"], to=TensorProto.FLOAT),
        make("Mul", [hidden, "pooling_weights"], ["pooling_masked"]),
        make("ReduceSum", ["pooling_masked", one], ["pooling_sum"], keepdims=0),
        make("ReduceSum", ["pooling_weights", one], ["pooling_count"], keepdims=0),
        make("Max", ["pooling_count", least], ["pooling_divisor"]),
        make("Div", ["pooling_sum", "pooling_divisor"], [pooled]),
    ]


def _token(hidden: str, pooled: str, *, last: bool) -> list[onnx.NodeProto]:
    """The first or the last token that is not masked."""
    make = onnx.helper.make_node
    return [
        make("ArgMax", [MASK], ["pooling_place"], axis=1, select_last_index=int(last)),
        make("GatherND", [hidden, "pooling_place"], [pooled], batch_dims=1),
    ]


def _unit_length(graph: onnx.GraphProto, pooled: str) -> list[onnx.NodeProto]:
    make = onnx.helper.make_node
    last = add_constant(graph, "pooling_last", np.array([-1], np.int64))
    tiny = add_constant(graph, "pooling_tiny", np.array(1e-12, np.float32))
    return [
        make("Mul", [pooled, pooled], ["pooling_squares"]),
        make("ReduceSum", ["pooling_squares", last], ["pooling_square"], keepdims=1),
        make("Sqrt", ["pooling_square"], ["pooling_norm"]),
        make("Max", ["pooling_norm", tiny], ["pooling_length"]),
        make("Div", [pooled, "pooling_length"], [EMBEDDING]),
    ]
