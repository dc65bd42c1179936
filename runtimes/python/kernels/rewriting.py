"""A bundle's graph in kernel operators, layer by layer where the pattern is one of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgebert.errors import InputError
from edgebert.onnx_graph.calls import Call
from edgebert.onnx_graph.rewriter import GraphRewriter, mapped
from edgebert.onnx_graph.tensor_values import Array, tensor_values
from edgebert.records.inspected import KernelLayers
from edgebert.runtimes.kernels.exactness import is_exact, left_to_onnxruntime
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import DOMAIN, VERSION
from edgebert.runtimes.kernels.patterns.attention import (
    write_float_attention,
    write_quantized_attention,
)
from edgebert.runtimes.kernels.patterns.embedding import write_embeddings
from edgebert.runtimes.kernels.patterns.epilogue import take_in_what_follows
from edgebert.runtimes.kernels.patterns.float_linear import write_float_linears
from edgebert.runtimes.kernels.patterns.heads import write_heads
from edgebert.runtimes.kernels.patterns.layer_norm import write_layer_norms
from edgebert.runtimes.kernels.patterns.linear import write_linears, write_standard_linears
from edgebert.runtimes.kernels.patterns.past_attention import write_past_attention
from edgebert.runtimes.kernels.patterns.pooling import write_pooling
from edgebert.runtimes.kernels.patterns.prologue import take_in_what_stands_before
from edgebert.runtimes.kernels.patterns.source_attention import write_source_attention
from edgebert.runtimes.kernels.patterns.steps import write_steps
from edgebert.runtimes.kernels.patterns.target import (
    write_log_probabilities,
    write_target_embedding,
)

_PACKING, _LOOKING_UP = "Linear", "Embedding"
"""Operators with large constants: one makes another form of its weights when a session is opened, and
reads them never again; the other looks up rows at every run."""

_RAW = 9  # field of TensorProto
_MANY_BYTES = 1 << 14

_NO_GRAPH = (ValueError, LookupError, ArithmeticError, OSError, InputError)
"""What is raised of a graph that could not run."""

_PATTERNS = (
    write_linears,
    write_standard_linears,
    write_float_linears,
    write_quantized_attention,
    write_float_attention,
    write_heads,
    write_past_attention,
    write_source_attention,
    write_log_probabilities,
    write_target_embedding,
    take_in_what_follows,
    take_in_what_stands_before,
    write_embeddings,
    write_layer_norms,
    write_pooling,
    write_steps,
)
"""In this order: a LayerNorm goes into what is before it, if that is ours, and only else stands alone."""


@dataclass(frozen=True)
class Rewritten:
    """A model for onnxruntime with the kernels' library.

    Attributes:
        graph: the bytes of the model, without large constants that are integers: weights stay in
            the file, and so does what lies beside it, of which
            `session.model_external_initializers_file_folder_path` has to say where.
        tables: constants that a session is to be given, by name: all sessions have them once.
        layers: names of the calls that are kernel operators; () where the graph is as it was.
        left: names of products, attention, LayerNormalization, lookups and pooling that
            onnxruntime still runs.
        exact: whether what onnxruntime still runs gives the same bits on every CPU.
    """

    graph: bytes
    tables: Mapping[str, Array]
    layers: tuple[str, ...]
    left: tuple[str, ...]
    exact: bool


def rewrite_for_kernels(path: Path, *, bf16: bool = False) -> Rewritten:
    """Rewrite the graph at `path` in memory; the file stays as it is.

    What is not exactly what a kernel operator does stays as it is, and so does a whole graph that
    is damaged or of no form that is known.

    Args:
        path: the file.
        bf16: whether attention multiplies numbers of bfloat16.

    Raises:
        InputError: `path` cannot be read.
    """
    try:
        return _rewritten(path, bf16=bf16)
    except _NO_GRAPH:
        return Rewritten(_bytes(path), {}, (), (), exact=False)


def layers_for_kernels(path: Path) -> KernelLayers:
    """Which layers kernels would run of the graph at `path`, without making another graph of it."""
    try:
        with mapped(path) as rewriter:
            graph = _matched(rewriter, path)
            layers, left = _layers(graph)
            return KernelLayers(layers, left, exact=bool(layers) and is_exact(graph))
    except _NO_GRAPH:
        return KernelLayers((), (), exact=False)


def _matched(rewriter: GraphRewriter, path: Path) -> MatchedGraph:
    graph = MatchedGraph(rewriter, path)
    for write in _PATTERNS:
        write(graph)
    return graph


def _layers(graph: MatchedGraph) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the layers that kernels run, and of those left to onnxruntime."""
    layers = (_name(call) for call in graph.calls if call.domain == DOMAIN)
    return tuple(layers), tuple(map(_name, left_to_onnxruntime(graph)))


def _rewritten(path: Path, *, bf16: bool) -> Rewritten:
    with mapped(path) as rewriter:
        graph = _matched(rewriter, path)
        if bf16:
            _multiply_bf16(graph)
        layers, left = _layers(graph)
        if not layers:
            return Rewritten(_bytes(path), {}, (), left, exact=False)
        graph.write_into(rewriter)
        rewriter.import_operators(DOMAIN, VERSION)
        tables = _tables(graph, rewriter, path.parent)
        packed = {call.inputs[1] for call in graph.of_type(_PACKING, DOMAIN)}
        rewriter.leave_in_file(packed | tables.keys())
        return Rewritten(rewriter.to_bytes(), tables, layers, left, is_exact(graph) and not bf16)


def _multiply_bf16(graph: MatchedGraph) -> None:
    for call in graph.of_type("SelfAttention", DOMAIN):
        graph.replace(call, replace(call, attributes={**call.attributes, "bf16": 1}))


def _tables(graph: MatchedGraph, rewriter: GraphRewriter, folder: Path) -> dict[str, Array]:
    """The large tables of integers whose rows are looked up, read out of the file.

    Mapped they would be read at every run, and be gone where somebody writes to the file.
    """
    names = {name for call in graph.of_type(_LOOKING_UP, DOMAIN) for name in call.inputs}
    found = {
        name: tensor_values(tensor, folder)
        for name, tensor in rewriter.tensors.items()
        if name in names and tensor.length(_RAW) >= _MANY_BYTES
    }
    return {name: np.array(v) for name, v in found.items() if v is not None and v.itemsize == 1}


def _name(call: Call) -> str:
    return call.name or call.outputs[0]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
