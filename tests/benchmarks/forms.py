"""The choices behind the graph of target `cpu`, each timed against the form that ships.

    python -m benchmarks.forms CHECKPOINT

One export is written in every form; all run in one process, in turns and in a new order each
round, on one thread. Beside them runs what `torch.onnx.export` gives, with onnxruntime's defaults.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from benchmarks.plain_export import default_onnx, plain_onnx
from benchmarks.protocol import Sources
from benchmarks.split_attention import split_attention
from edgebert.checkpoint import open_checkpoint
from edgebert.export.options import ExportOptions
from edgebert.export.passes.bias_gelu import fuse_bias_gelu
from edgebert.export.passes.mean_pooling import pool_by_matmul
from edgebert.export.passes.merged_qkv import merge_qkv
from edgebert.export.passes.skip_layer_norm import fuse_skip_layer_norm
from edgebert.export.targets import PASSES
from edgebert.export.tracing import trace
from edgebert.onnx_graph.in_memory.def_use import DefUse, attribute
from edgebert.onnx_graph.in_memory.edits import CONTRIB, remove_unread, replace_nodes
from edgebert.runtimes.sessions.session import open_graph

Change = Callable[[onnx.ModelProto], object]

SHIPPED = "as it ships"
SHAPES = ((1, 16), (1, 32), (1, 128), (1, 512), (8, 128))
"""Texts and tokens of a run."""

_TOKENS_A_ROUND = 512  # short requests are run several times in a row


@dataclass(frozen=True)
class Form:
    """A way to write the same model: the passes that make it, in order."""

    name: str
    passes: tuple[Change, ...]


def merge_by_split(model: onnx.ModelProto) -> None:
    """Attention(x, w, b, mask) -> Split(MatMul(x, w) + b) -> MultiHeadAttention."""
    for node in [node for node in model.graph.node if node.op_type == "Attention"]:
        x, weight, bias, mask = node.input[:4]
        out = node.output[0]
        parts = [f"{out}.{part}" for part in ("query", "key", "value")]
        attention = helper.make_node(
            "MultiHeadAttention", [*parts, "", mask], [out], domain=CONTRIB
        )
        attention.attribute.extend(node.attribute)
        new = [
            helper.make_node("MatMul", [x, weight], [f"{out}.product"]),
            helper.make_node("Add", [f"{out}.product", bias], [f"{out}.qkv"]),
            helper.make_node("Split", [f"{out}.qkv"], parts, axis=-1, num_outputs=3),
            attention,
        ]
        replace_nodes(model.graph, [out], new)


def bias_into_attention(model: onnx.ModelProto) -> None:
    """MultiHeadAttention(q + bq, k + bk, v + bv) -> MultiHeadAttention(q, k, v, [bq bk bv])."""
    split_attention(model)
    def_use = DefUse(model.graph)
    for node in [node for node in model.graph.node if node.op_type == "MultiHeadAttention"]:
        adds = [def_use.producers[name] for name in node.input[:3]]
        bias = np.concatenate([def_use.constant(add.input[1]) for add in adds])
        model.graph.initializer.append(numpy_helper.from_array(bias, f"{node.output[0]}.bias"))
        for place, add in enumerate(adds):
            node.input[place] = add.input[0]
        node.input[3] = f"{node.output[0]}.bias"
    remove_unread(model.graph)


def without_mask(model: onnx.ModelProto) -> None:
    """MultiHeadAttention without a mask, which runs as flash attention: for full batches only."""
    split_attention(model)
    for node in model.graph.node:
        if node.op_type == "MultiHeadAttention":
            node.input[4] = ""


def mask_by_if(model: onnx.ModelProto) -> None:
    """If(the mask has no zero, attention without a mask, attention with it)."""
    split_attention(model)
    graph = model.graph
    masked = [node for node in graph.node if node.op_type == "MultiHeadAttention"]
    first = next(i for i, node in enumerate(graph.node) if node.output == masked[0].output)
    for node in masked:
        branches = {}
        for name, mask in (("then_branch", ""), ("else_branch", node.input[4])):
            branch = onnx.NodeProto()
            branch.CopyFrom(node)
            branch.input[4], branch.output[0] = mask, f"{node.output[0]}.{name}"
            result = helper.make_tensor_value_info(branch.output[0], 1, None)
            branches[name] = helper.make_graph([branch], name, [], [result])
        replace_nodes(
            graph,
            [node.output[0]],
            [helper.make_node("If", ["full"], list(node.output), **branches)],
        )
    graph.node.insert(first, helper.make_node("Cast", ["least"], ["full"], to=9))
    graph.node.insert(
        first, helper.make_node("ReduceMin", [masked[0].input[4]], ["least"], keepdims=0)
    )


def tanh_gelu(model: onnx.ModelProto) -> None:
    """BiasGelu -> FastGelu, which approximates by tanh."""
    fuse_bias_gelu(model)
    for node in model.graph.node:
        if node.op_type == "BiasGelu":
            node.op_type = "FastGelu"


def embed_layer_norm(model: onnx.ModelProto) -> None:
    """Three Gathers, two Adds and a LayerNormalization -> EmbedLayerNormalization."""
    graph = model.graph
    def_use = DefUse(graph)
    norm = next(node for node in graph.node if node.op_type == "LayerNormalization")
    outer = def_use.producers[norm.input[0]]
    inner = def_use.producers[outer.input[0]]
    word, kind, position = (
        def_use.producers[name] for name in (inner.input[0], inner.input[1], outer.input[1])
    )
    tables = [word.input[0], position.input[0], kind.input[0]]
    new = [
        helper.make_node("Cast", [word.input[1]], ["ids32"], to=6),
        helper.make_node("Cast", [kind.input[1]], ["types32"], to=6),
        helper.make_node(
            "EmbedLayerNormalization",
            ["ids32", "types32", *tables, *norm.input[1:3]],
            [norm.output[0], ""],
            domain=CONTRIB,
            epsilon=attribute(norm, "epsilon", 1e-5),
        ),
    ]
    replace_nodes(graph, [norm.output[0]], new)
    remove_unread(graph)


_MADE = PASSES["cpu"]
FORMS = (
    Form(SHIPPED, _MADE),
    Form("QKV: three MatMuls", tuple(p for p in _MADE if p is not merge_qkv)),
    Form("QKV: three MatMuls, biases in MultiHeadAttention", (*_MADE, bias_into_attention)),
    Form("QKV: one MatMul, Split", (*_MADE, merge_by_split)),
    Form("LayerNorm: SkipLayerNormalization", (*_MADE, fuse_skip_layer_norm)),
    Form("GELU: BiasGelu", (*_MADE, fuse_bias_gelu)),
    Form("GELU: FastGelu (tanh)", (*_MADE, tanh_gelu)),
    Form("mask: none (flash)", (*_MADE, without_mask)),
    Form("mask: If", (*_MADE, mask_by_if)),
    Form("embeddings: EmbedLayerNormalization", (*_MADE, embed_layer_norm)),
    Form("pooling: Mul, ReduceSum", tuple(p for p in _MADE if p is not pool_by_matmul)),
)
"""`merge_qkv` and `pool_by_matmul` left out of the passes, or something put behind them."""

Sessions = dict[str, onnxruntime.InferenceSession]
Times = dict[str, list[float]]


def open_forms(checkpoint: Path, folder: Path) -> Sessions:
    """Write every form of the checkpoint's graph, and open each on one thread."""
    trace(open_checkpoint(checkpoint), folder / "traced.onnx", ExportOptions())
    sessions: Sessions = {}
    for number, form in enumerate(FORMS):
        model = onnx.load(folder / "traced.onnx")
        for change in form.passes:
            change(model)
        del model.graph.value_info[:]
        onnx.save(model, folder / f"{number}.onnx")
        sessions[form.name] = open_graph(folder / f"{number}.onnx", threads=1)
    sources = Sources(checkpoint, (), folder)
    sessions["torch.onnx.export, eager, TorchScript"] = open_plain(plain_onnx(sources))
    sessions["torch.onnx.export as it comes (sdpa, dynamo)"] = open_plain(default_onnx(sources))
    return sessions


def open_plain(path: Path) -> onnxruntime.InferenceSession:
    """A session with onnxruntime's defaults, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def time_forms(sessions: Sessions, batch: int, length: int, rounds: int) -> Times:
    """Seconds of each run of one shape; every round takes the forms in a new order."""
    ids = np.random.default_rng(0).integers(1000, 20000, (batch, length))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": 0 * ids}
    times: Times = {name: [] for name in sessions}
    for _ in range(rounds):
        for name in random.sample(list(sessions), len(sessions)):
            for _ in range(max(1, _TOKENS_A_ROUND // ids.size)):
                started = time.perf_counter()
                sessions[name].run(None, inputs)
                times[name].append(time.perf_counter() - started)
    return times


def table_of(measured: dict[tuple[int, int], Times]) -> str:
    """Rows of a Markdown table: time over that of the form that ships, minimum / median."""
    head = "| form | " + " | ".join(f"{batch}x{length}" for batch, length in measured) + " |"
    rows = [head, "|---|" + "---|" * len(measured)]
    for name in next(iter(measured.values())):
        cells = [
            f"{min(t[name]) / min(t[SHIPPED]):.3f} / {median(t[name]) / median(t[SHIPPED]):.3f}"
            for t in measured.values()
        ]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    least = " | ".join(f"{1e3 * min(times[SHIPPED]):.2f} ms" for times in measured.values())
    return "\n".join([*rows, f"| {SHIPPED}, minimum | {least} |"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="benchmarks.forms")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sessions = open_forms(chosen.checkpoint, Path(folder))
        measured = {
            shape: time_forms(
                sessions, *shape, max(5, chosen.rounds * 512 // (512 + shape[0] * shape[1]))
            )
            for shape in SHAPES
        }
    print(table_of(measured))


if __name__ == "__main__":
    main()
