"""The gate every export must pass: it answers as PyTorch does to every kind of input, or fails."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

from edgebert.bundle import ModelFiles
from edgebert.errors import CheckpointError
from edgebert.export.parity.batches import Batch, InputSpace, parity_batches
from edgebert.export.parity.cases import Settings, compare_everywhere, default_atol
from edgebert.export.parity.comparison import Expected, Reading, expect
from edgebert.export.parity.sessions import first_line, sessions
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.records.made import ParityCase
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model
from edgebert.runtimes.session import open_session

_NUDGE = {"fp32": 2.0**-21, "fp16": 2.0**-10}
"""Of a value: what a few roundings come to."""

_ARENA_TOKENS = 2048
"""Longest input whose values onnxruntime may keep memory for: of attention, 16 heads of 8,192 tokens
take 4.3 GB, and its arena takes as much again."""

_DRAWS = 4  # of the signs of a nudge: answers move three times as far under one as under another


def parity_cases(reference: CheckpointModel, graph: ModelFiles | Model) -> tuple[ParityCase, ...]:
    """Compare a graph with PyTorch on the matrix of inputs, under our settings and the defaults.

    PyTorch runs each batch once, and one session at a time is open (beside that of a graph that is
    loaded already).

    Args:
        reference: the checkpoint in PyTorch.
        graph: a bundle, sealed or not, or a model that was loaded from one.

    Raises:
        CheckpointError: PyTorch itself cannot run a batch.
    """
    reading = _reading(reference, graph)
    expected = [_ask(reference, batch, reading) for batch in matrix(reference, graph)]
    return compare_everywhere(expected, reading, _sessions(graph))


def allowed_difference(
    cases: Sequence[ParityCase], reference: CheckpointModel, graph: ModelFiles | Model
) -> float:
    """Largest absolute difference that passes where the caller names none.

    It is `default_atol`. Where that is exceeded, PyTorch is run again with its word embeddings
    moved by about what rounding does to them (half a millionth in float32): a model whose own
    answers move further than `default_atol` cannot be held to it. It is held to twice that
    movement, for the graph rounds as well as PyTorch.

    Batches are moved from the shortest on, and no longer than there is something to gain: until
    every difference passes, or, before inputs of more than 512 tokens, which can take minutes,
    if one of a shorter batch does not.
    """
    atol = default_atol(graph.manifest.precision, cases)
    off: dict[str, float] = {}
    for case in cases:
        if not case.max_abs <= atol:
            off[case.name] = max(off.get(case.name, 0.0), case.badness)
    worst = max(off.values(), default=0.0)
    if not off or math.isinf(worst):
        return atol
    failed = [batch for batch in matrix(reference, graph) if batch.name in off]
    short = sorted((b for b in failed if not b.is_long), key=lambda batch: batch.mask.shape[1])
    allowed = _moved_allowance(atol, short, worst, reference, graph)
    if any(off[batch.name] > allowed for batch in short):
        return allowed
    return _moved_allowance(allowed, [b for b in failed if b.is_long], worst, reference, graph)


def matrix(reference: CheckpointModel, graph: ModelFiles | Model) -> tuple[Batch, ...]:
    """The batches on which `graph` is compared."""
    config = reference.model.config
    space = InputSpace(
        names=graph.manifest.inputs,
        vocabulary_size=int(config.vocab_size),
        pad_id=int(getattr(config, "pad_token_id", None) or 0),
        max_length=reference.max_length,
        fixed_shape=graph.manifest.fixed_shape,
    )
    texts = readable_golden_texts(reference)
    return parity_batches(space, reference.encode(texts))


def _sessions(graph: ModelFiles | Model) -> Settings:
    if isinstance(graph, ModelFiles):
        arena = graph.manifest.max_length <= _ARENA_TOKENS
        return sessions(graph.model_path, partial(open_session, graph, arena=arena))
    return sessions(graph.files.model_path, lambda: graph.session)


def _moved_allowance(
    allowed: float,
    batches: Sequence[Batch],
    enough: float,
    reference: CheckpointModel,
    graph: ModelFiles | Model,
) -> float:
    """Twice what a nudge moves PyTorch's answers by at most, from `allowed` on; up to `enough`."""
    reading, nudge = _reading(reference, graph), _NUDGE[graph.manifest.precision]
    for movement in (m for b in batches for m in _movements(reference, b, reading, nudge)):
        allowed = max(allowed, float(f"{2 * movement:.2g}"))
        if allowed >= enough:
            break
    return allowed


def _movements(
    reference: CheckpointModel, batch: Batch, reading: Reading, share: float
) -> Iterator[float]:
    """How far PyTorch's answers to a batch move at most when its word embeddings are nudged."""
    still = _ask(reference, batch, reading).values
    for seed in range(_DRAWS):
        with _nudged(reference.model.get_input_embeddings(), share, seed):
            moved = _ask(reference, batch, reading).values
        yield max(float(np.abs(moved[name] - still[name]).max(initial=0.0)) for name in still)


@contextmanager
def _nudged(embeddings: torch.nn.Module, share: float, seed: int) -> Iterator[None]:
    random = torch.Generator().manual_seed(seed)

    def nudge(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        signs = torch.randint(0, 2, output.shape, generator=random) * 2 - 1
        return output * (1 + share * signs)

    hook = embeddings.register_forward_hook(nudge)
    try:
        yield
    finally:
        hook.remove()


def _reading(reference: CheckpointModel, graph: ModelFiles | Model) -> Reading:
    # what a Dense layer or a LayerNorm makes of the zero vector is not zero
    modules = reference.checkpoint.modules
    zero_padding = modules is not None and modules.keeps_zeros
    return Reading(graph.manifest.outputs, reference.spec.task, zero_padding)


def _ask(reference: CheckpointModel, batch: Batch, reading: Reading) -> Expected:
    try:
        return expect(batch, reading, reference.run)
    except (RuntimeError, IndexError, ValueError) as error:
        raise CheckpointError(
            f"{reference.checkpoint.id} cannot be compared: PyTorch fails at '{batch.name}' "
            f"({' x '.join(map(str, batch.mask.shape))}): {first_line(error)}"
        ) from error
