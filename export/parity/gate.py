"""The gate every export must pass: it answers as PyTorch does to every kind of input, or fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from edgebert.bundle import ModelFiles
from edgebert.errors import CheckpointError
from edgebert.export.parity.allowance import measured_allowance, movements_of
from edgebert.export.parity.batches import Batch, InputSpace, parity_batches
from edgebert.export.parity.cases import Settings, compare_everywhere
from edgebert.export.parity.comparison import Expected, Reading, expect
from edgebert.export.parity.sessions import first_line, sessions
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.records.made import ParityCase
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model
from edgebert.runtimes.sessions.session import open_session

_ARENA_TOKENS = 2048
"""Longest input whose values onnxruntime may keep memory for: of attention, 16 heads of 8,192 tokens
take 4.3 GB, and its arena takes as much again."""


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
    """What `measured_allowance` makes of these cases."""
    reading, precision = _reading(reference, graph), graph.manifest.precision
    embeddings = reference.model.get_input_embeddings()

    def movements(batch: Batch) -> Iterator[float]:
        return movements_of(lambda: _ask(reference, batch, reading).values, embeddings, precision)

    return measured_allowance(cases, matrix(reference, graph), precision, movements)


def matrix(reference: CheckpointModel, graph: ModelFiles | Model) -> tuple[Batch, ...]:
    """The batches on which `graph` is compared."""
    config = reference.encoder_config
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
