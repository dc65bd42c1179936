"""The gate every export must pass: it answers as PyTorch does to every kind of input, or fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from edgebert.drift.checkpoint import CheckpointModel
from edgebert.errors import CheckpointError
from edgebert.export.parity.batches import Batch, InputSpace, parity_batches
from edgebert.export.parity.cases import compare_everywhere, default_atol
from edgebert.export.parity.comparing import Expected, Reading, expect
from edgebert.export.parity.sessions import first_line, sessions
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.records.made import ParityCase
from edgebert.runtimes import Model

_NUDGE = {"fp32": 2.0**-21, "fp16": 2.0**-10}
"""Of a value: what a few roundings come to."""

_DRAWS = 4  # of the signs of a nudge: answers move three times as far under one as under another


def parity_cases(reference: CheckpointModel, graph: Model) -> tuple[ParityCase, ...]:
    """Compare a graph with PyTorch on the matrix of inputs, under our settings and the defaults.

    PyTorch runs each batch once, and one session at a time is open beside the graph's own.

    Raises:
        CheckpointError: PyTorch itself cannot run a batch.
    """
    reading = _reading(reference, graph)
    expected = [_ask(reference, batch, reading) for batch in matrix(reference, graph)]
    return compare_everywhere(expected, reading, sessions(graph.bundle.model_path, graph.session))


def allowed_difference(
    cases: Sequence[ParityCase], reference: CheckpointModel, graph: Model
) -> float:
    """Largest absolute difference that passes where the caller names none.

    It is `default_atol`. Where that is exceeded, PyTorch is run again with its word embeddings
    moved by about what rounding does to them (half a millionth in float32): a model whose own
    answers move further than `default_atol` cannot be held to it. It is held to twice that
    movement, for the graph rounds as well as PyTorch.
    """
    atol = default_atol(graph.manifest.precision, cases)
    failed = {case.name for case in cases if not case.max_abs <= atol}
    if not failed:
        return atol
    batches = [batch for batch in matrix(reference, graph) if batch.name in failed]
    reading = _reading(reference, graph)
    nudge = _NUDGE[graph.manifest.precision]
    moved = max((_movement(reference, batch, reading, nudge) for batch in batches), default=0.0)
    return max(atol, float(f"{2 * moved:.2g}"))


def matrix(reference: CheckpointModel, graph: Model) -> tuple[Batch, ...]:
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


def _movement(reference: CheckpointModel, batch: Batch, reading: Reading, share: float) -> float:
    """How far PyTorch's answers to a batch move at most when its word embeddings are nudged."""
    still, furthest = _ask(reference, batch, reading).values, 0.0
    for seed in range(_DRAWS):
        with _nudged(reference.model.get_input_embeddings(), share, seed):
            moved = _ask(reference, batch, reading).values
        distances = [np.abs(moved[name] - still[name]).max(initial=0.0) for name in still]
        furthest = max([furthest, *map(float, distances)])
    return furthest


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


def _reading(reference: CheckpointModel, graph: Model) -> Reading:
    # what a Dense layer or a LayerNorm makes of the zero vector is not zero
    modules = reference.checkpoint.modules
    zero_padding = modules is not None and modules.keeps_zeros
    return Reading(graph.manifest.outputs, graph.task, zero_padding)


def _ask(reference: CheckpointModel, batch: Batch, reading: Reading) -> Expected:
    try:
        return expect(batch, reading, reference.run)
    except (RuntimeError, IndexError, ValueError) as error:
        raise CheckpointError(
            f"{reference.checkpoint.id} cannot be compared: PyTorch fails at '{batch.name}' "
            f"({' x '.join(map(str, batch.mask.shape))}): {first_line(error)}"
        ) from error
