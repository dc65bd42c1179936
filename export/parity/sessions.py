"""The settings under which a graph is proved: ours, and those that other readers load it with."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from edgebert.arrays import Array
from edgebert.errors import BundleError
from edgebert.export.parity.batches import Batch
from edgebert.machine import available_cores
from edgebert.runtimes.batches import InputSpec
from edgebert.runtimes.sessions.providers import CPU
from edgebert.runtimes.sessions.session import import_onnxruntime

OURS = "edgebert's settings"

_LEVELS = {
    "ORT_DISABLE_ALL": "disabled",
    "ORT_ENABLE_BASIC": "basic",
    "ORT_ENABLE_EXTENDED": "extended",
    "ORT_ENABLE_LAYOUT": "layout",
    "ORT_ENABLE_ALL": "all",
}


def sessions(path: Path, ours: Callable[[], Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each setting's name, and what opens a session of the graph at `path` under it.

    Opening is left to the caller, so that one session at a time is in memory.

    Args:
        path: the graph.
        ours: opens it with our settings.
    """
    yield OURS, ours
    known = import_onnxruntime().GraphOptimizationLevel.__members__
    for level, name in _LEVELS.items():
        if level in known:  # LAYOUT came late
            yield f"onnxruntime's defaults, level {name}", partial(_open, str(path), known[level])


def run(session: Any, outputs: tuple[str, ...], batch: Batch) -> dict[str, Array]:
    """Run one batch, with ids of the type that the graph takes.

    Raises:
        BundleError: onnxruntime cannot run it.
    """
    dtype = InputSpec.of(session).dtype
    given = {name: values.astype(dtype) for name, values in batch.inputs.items()}
    try:
        return dict(zip(outputs, session.run(list(outputs), given), strict=True))
    except Exception as error:  # likewise
        raise BundleError(first_line(error)) from error


def return_memory() -> None:
    """Give the system what closed sessions had: glibc keeps it, in pieces, as much as a model."""
    with suppress(OSError, AttributeError, TypeError):  # other systems have no such function
        ctypes.CDLL(None).malloc_trim(0)


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _open(path: str, level: Any) -> Any:
    """A session with onnxruntime's defaults but for the threads, which change no answer."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = available_cores()  # not those of the host around a container
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(path, options, providers=[CPU.full_name])
    except Exception as error:  # onnxruntime's errors share no public base class
        raise BundleError(first_line(error)) from error
