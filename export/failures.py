"""Models of unknown kind fail in as many ways as there are models: told in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edgebert.checkpoint import Checkpoint
from edgebert.errors import CheckpointError

_UNTRACEABLE = {
    "GuardOnDataDependentSymNode": "what it computes depends on the values of its inputs, which "
    "no graph can hold",
    "UserError": "what it computes depends on the values or the lengths of its inputs, which no "
    "graph can hold",
}
"""Why torch gave up, by the name of its error."""


@contextmanager
def failures_of_running(checkpoint: Checkpoint) -> Iterator[None]:
    """What a model says itself when it is run once is told in its words.

    Raises:
        CheckpointError: in the place of any other error.
    """
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{checkpoint.architecture} cannot be exported: {reason}") from error


@contextmanager
def failures_of_tracing(checkpoint: Checkpoint) -> Iterator[None]:
    """A model that runs and cannot be traced: what torch says of its own insides helps nobody.

    Raises:
        CheckpointError: in the place of any other error but of the disk.
    """
    try:
        yield
    except OSError:  # the disk is full, say
        raise
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:  # the exporter wraps it in advice for its developers
            cause = cause.__cause__
        reason = _UNTRACEABLE.get(
            type(cause).__name__,
            f"torch's exporter has no way to write it as ONNX ({type(cause).__name__})",
        )
        raise CheckpointError(f"{checkpoint.architecture} cannot be exported: {reason}") from error
