"""A decoder of which kernels run all: what a step gives is what a search asks for."""

from __future__ import annotations

from dataclasses import replace

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import DOMAIN
from edgebert.runtimes.kernels.matching.value_types import FLOAT, INT64
from edgebert.runtimes.kernels.patterns.scaled import parted_heads

LIKELY, MOST = "likely", "most"
"""Inputs of such a decoder: sums so far, float32 [rows]; how many candidates, int64 [1], 0 for none."""

CANDIDATES, CANDIDATE_TOKENS = "candidates", "candidate_tokens"
"""Its outputs, [rows, tokens, most]: the largest sums, float32, and their tokens, int64."""


def write_steps(graph: MatchedGraph) -> None:
    """LogProbabilities and PastAttention of a decoder that gives nothing but what they make.

    1. The one output is log-probabilities; the others are keys and values of the new tokens, and
       each is one that a PastAttention reads. Each past belongs to one of them.
    2. Then it gives candidates too, and log-probabilities where nobody asks for these.
    3. Keys and values of new tokens are put behind their past, in the memory that it came in.
    """
    likely = [c for c in graph.of_type("LogProbabilities", DOMAIN) if c.outputs[0] in graph.outputs]
    attention = list(graph.of_type("PastAttention", DOMAIN))
    if len(likely) != 1 or not attention or not _gives_what_is_kept(graph, likely[0], attention):
        return
    (call,) = likely
    shape = graph.shape(call.outputs[0])
    if shape is None or len(shape) != 3 or {LIKELY, MOST} & graph.inputs.keys():
        return
    for one in attention:
        graph.replace(one, replace(one, attributes={**one.attributes, "kept": 1}))
    inputs = (call.inputs[0], LIKELY, MOST)
    outputs = (call.outputs[0], CANDIDATES, CANDIDATE_TOKENS)
    found = (*shape[:2], MOST)
    graph.declare(
        {LIKELY: (FLOAT, shape[:1]), MOST: (INT64, (1,))},
        {
            call.outputs[0]: (FLOAT, (*shape[:2], "pieces")),
            CANDIDATES: (FLOAT, found),
            CANDIDATE_TOKENS: (INT64, found),
        },
    )
    graph.replace(call, replace(call, inputs=inputs, outputs=outputs))


def _gives_what_is_kept(graph: MatchedGraph, likely: Call, attention: list[Call]) -> bool:
    """Whether each other output is a key or a value that is put behind its past."""
    kept = {
        (call.inputs[place], call.attributes[part])
        for call in attention
        for place, part in ((1, "key_part"), (2, "value_part"))
    }
    pasts = [name for call in attention for name in call.inputs[3:5]]
    if (
        len({*pasts}) != len(pasts)
        or len(kept) != len(pasts)
        or not _read_by(graph, pasts, attention)
    ):
        return False
    given = [parted_heads(graph, name) for name in graph.outputs - {likely.outputs[0]}]
    return all(one is not None and (one.value, one.part) in kept for one in given)


def _read_by(graph: MatchedGraph, pasts: list[str], attention: list[Call]) -> bool:
    """Whether nothing else reads the numbers of a past."""
    readers = (call for name in pasts for call in graph.readers(name))
    return all(call in attention or call.op_type == "Shape" for call in readers)
