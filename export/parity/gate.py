"""The gate every export must pass: it answers as PyTorch does to every kind of input, or fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from edgebert.data.samples import golden_texts
from edgebert.drift.checkpoint import CheckpointModel
from edgebert.errors import CheckpointError
from edgebert.export.parity.batches import Batch, InputSpace, parity_batches
from edgebert.export.parity.cases import compare_everywhere, default_atol
from edgebert.export.parity.comparing import Expected, Reading, expect
from edgebert.export.parity.sessions import first_line, sessions
from edgebert.records.made import ParityCase
from edgebert.records.manifest import EMBEDDINGS
from edgebert.runtimes import Model

_NUDGE = 2.0**-21  # of a value: what a few roundings of float32 come to


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

    It is `default_atol`. Where that is exceeded in float32, PyTorch is run again with its word
    embeddings moved by half a millionth, about what rounding does to them: a model whose own
    answers move further than `default_atol` cannot be held to it, and is held to that movement.
    """
    atol = default_atol(graph.manifest.precision, cases)
    failed = {case.name for case in cases if not case.max_abs <= atol}
    if graph.manifest.precision != "fp32" or not failed:
        return atol
    batches = [batch for batch in matrix(reference, graph) if batch.name in failed]
    reading = _reading(reference, graph)
    moved = max((_movement(reference, batch, reading) for batch in batches), default=0.0)
    return max(atol, float(f"{moved:.2g}"))


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
    texts = golden_texts(reference.task, reference.mask_token)
    return parity_batches(space, reference.encode(texts))


def _movement(reference: CheckpointModel, batch: Batch, reading: Reading) -> float:
    """How far PyTorch's answers to a batch move when its word embeddings are nudged."""
    still = _ask(reference, batch, reading)
    with _nudged(reference.model.get_input_embeddings()):
        moved = _ask(reference, batch, reading)
    pairs = [(still.values[name], moved.values[name]) for name in still.values]
    return max((float(np.abs(a - b).max()) for a, b in pairs if a.size), default=0.0)


@contextmanager
def _nudged(embeddings: torch.nn.Module) -> Iterator[None]:
    random = torch.Generator().manual_seed(0)

    def nudge(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        signs = torch.randint(0, 2, output.shape, generator=random) * 2 - 1
        return output * (1 + _NUDGE * signs)

    hook = embeddings.register_forward_hook(nudge)
    try:
        yield
    finally:
        hook.remove()


def _reading(reference: CheckpointModel, graph: Model) -> Reading:
    # what a Dense layer makes of the zero vector is not zero
    zero_padding = graph.task == EMBEDDINGS and not reference.checkpoint.dense
    return Reading(graph.manifest.outputs, graph.task, zero_padding)


def _ask(reference: CheckpointModel, batch: Batch, reading: Reading) -> Expected:
    try:
        return expect(batch, reading, reference.run)
    except (RuntimeError, IndexError, ValueError) as error:
        raise CheckpointError(
            f"{reference.checkpoint.id} cannot be compared: PyTorch fails at '{batch.name}' "
            f"({' x '.join(map(str, batch.mask.shape))}): {first_line(error)}"
        ) from error
