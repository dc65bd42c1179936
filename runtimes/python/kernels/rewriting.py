"""A bundle's graph in kernel operators, layer by layer where the pattern is one of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebert.errors import InputError
from edgebert.onnx_graph.calls import Call
from edgebert.onnx_graph.rewriter import rewriting
from edgebert.runtimes.kernels.attention import write_float_attention, write_quantized_attention
from edgebert.runtimes.kernels.embedding import write_embeddings
from edgebert.runtimes.kernels.epilogue import take_in_what_follows
from edgebert.runtimes.kernels.exactness import is_exact, left_to_onnxruntime
from edgebert.runtimes.kernels.float_linear import write_float_linears
from edgebert.runtimes.kernels.heads import write_heads
from edgebert.runtimes.kernels.layer_norm import write_layer_norms
from edgebert.runtimes.kernels.linear import write_linears
from edgebert.runtimes.kernels.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.operators import DOMAIN, VERSION
from edgebert.runtimes.kernels.pooling import write_pooling
from edgebert.runtimes.kernels.prologue import take_in_what_stands_before

_PATTERNS = (
    write_linears,
    write_float_linears,
    write_quantized_attention,
    write_float_attention,
    write_heads,
    take_in_what_follows,
    take_in_what_stands_before,
    write_embeddings,
    write_layer_norms,
    write_pooling,
)
"""In this order: a LayerNorm goes into what is before it, if that is ours, and only else stands alone."""


@dataclass(frozen=True)
class Rewritten:
    """A model for onnxruntime with the kernels' library.

    Attributes:
        graph: the bytes of the model. Weights that lie in files beside the graph stay there:
            `session.model_external_initializers_file_folder_path` has to say where.
        layers: names of the calls that are kernel operators; () where the graph is as it was.
        left: names of products, attention, LayerNormalization, lookups and pooling that
            onnxruntime still runs.
        exact: whether what onnxruntime still runs rounds no floats.
    """

    graph: bytes
    layers: tuple[str, ...]
    left: tuple[str, ...]
    exact: bool


def rewrite_for_kernels(path: Path) -> Rewritten:
    """Rewrite the graph at `path` in memory; the file stays as it is.

    What is not exactly what a kernel operator does stays as it is, and so does a whole graph that
    is damaged or of no form that is known.

    Raises:
        InputError: `path` cannot be read.
    """
    try:
        return _rewritten(path)
    except (ValueError, LookupError, ArithmeticError, InputError):  # no graph that could run
        return Rewritten(_bytes(path), (), (), exact=False)


def _rewritten(path: Path) -> Rewritten:
    with rewriting(path) as rewriter:
        graph = MatchedGraph(rewriter, path)
        for write in _PATTERNS:
            write(graph)
        layers = tuple(_name(call) for call in graph.calls if call.domain == DOMAIN)
        left = tuple(map(_name, left_to_onnxruntime(graph)))
        if not layers:
            return Rewritten(_bytes(path), (), left, exact=False)
        graph.write_into(rewriter)
        rewriter.import_operators(DOMAIN, VERSION)
        return Rewritten(rewriter.to_bytes(), layers, left, is_exact(graph))


def _name(call: Call) -> str:
    return call.name or call.outputs[0]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
