"""A fused graph against the one it was made of: the same matrix and settings as an export's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgebert.arrays import Array
from edgebert.errors import BundleError
from edgebert.export.foreign.graph import EncoderSession
from edgebert.export.parity.batches import Batch, Ids, Mask
from edgebert.export.parity.cases import compare_everywhere
from edgebert.export.parity.comparison import Reading, expect
from edgebert.export.parity.sessions import first_line, sessions
from edgebert.records.made import ParityCase
from edgebert.runtimes.sessions.session import open_graph

Reference = Callable[[Mapping[str, Ids]], Mapping[str, Array]]


@dataclass(frozen=True)
class OutputReading(Reading):
    """How the outputs of a graph of unknown task are read: by whether they have a row a token."""

    by_token: frozenset[str] = frozenset()

    def places(self, output: str, mask: Mask) -> Mask:
        """What has no row a token may be made of the first one, which is then not masked."""
        if output in self.by_token:
            return mask
        return np.any(mask, axis=1) if output == "sentence_embedding" else mask[:, 0]


def read_outputs(session: EncoderSession) -> OutputReading:
    """Find out which outputs have a row for each token."""
    shapes = [session.fixed_shape] if session.fixed_shape else [(2, 7), (2, 5)]
    found = [_outputs_by_token(session, shape) for shape in shapes]
    by_token = {name for name, follows in found[0].items() if follows and found[-1][name]}
    return OutputReading(
        names=tuple(found[0]), task=None, zero_padding=False, by_token=frozenset(by_token)
    )


def _outputs_by_token(session: EncoderSession, shape: tuple[int, int]) -> dict[str, bool]:
    """Whether each output has as many columns as the input of `shape` has tokens."""
    answers = session.run({name: np.ones(shape, np.int64) for name in session.names})
    return {name: answer.shape[:2] == shape for name, answer in answers.items()}


def parity_with_original(
    reference: Reference, path: Path, batches: Sequence[Batch], reading: Reading
) -> tuple[ParityCase, ...]:
    """Compare the graph at `path` with its original, under our settings and onnxruntime's.

    Args:
        reference: runs the original.
        path: the new graph.
        batches: the matrix.
        reading: how the outputs are compared.
    """
    fair = [batch for batch in batches if _is_answered(batch, reference)]
    expected = [expect(batch, reading, reference) for batch in fair]
    return compare_everywhere(expected, reading, sessions(path, partial(open_graph, path)), _run)


def _is_answered(batch: Batch, reference: Reference) -> bool:
    """Whether the original answers a row that is all padding with numbers."""
    if batch.mask.any(axis=1).all():
        return True
    answers = reference(batch.inputs).values()
    return all(bool(np.isfinite(answer).all()) for answer in answers)


def _run(session: Any, outputs: tuple[str, ...], batch: Batch) -> dict[str, Array]:
    try:
        return EncoderSession(session).run(batch.inputs, outputs)
    except Exception as error:  # onnxruntime's errors share no public base class
        raise BundleError(first_line(error)) from error
