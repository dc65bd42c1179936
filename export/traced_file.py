"""A PyTorch module as an ONNX file, by torch's exporter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import onnx
import onnxscript.optimizer
import torch

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import quiet_transformers
from edgebert.errors import CheckpointError
from edgebert.export.failures import failures_of_tracing
from edgebert.export.options import ExportOptions
from edgebert.export.passes.int32_inputs import take_int32_inputs

_MEGABYTE = 2**20


@dataclass(frozen=True)
class Traceable:
    """A module, and how it is to be written.

    Attributes:
        graph: the module, in evaluation mode.
        inputs: what it is called with while it is traced, by its own names.
        dynamic_shapes: of `inputs`, as `torch.export` takes them; None where nothing varies.
        input_names, output_names: of the file.
    """

    graph: torch.nn.Module
    inputs: dict[str, Any]
    dynamic_shapes: dict[str, Any] | None
    input_names: Sequence[str]
    output_names: Sequence[str]


def write_traced(
    traceable: Traceable, path: Path, options: ExportOptions, checkpoint: Checkpoint
) -> None:
    """Trace a module, write it to `path`, and free its weights.

    Args:
        traceable: the module.
        path: the file; large weights go into one beside it, which `load_traced` reads.
        options: opset and types of ids.
        checkpoint: whose module it is, for what is told of failures.

    Raises:
        CheckpointError: it cannot be traced, or not for this opset.
    """
    with _quiet_exporter(), failures_of_tracing(checkpoint):
        program: Any = torch.onnx.export(
            traceable.graph,
            kwargs=traceable.inputs,
            input_names=list(traceable.input_names),
            output_names=list(traceable.output_names),
            dynamic_shapes=traceable.dynamic_shapes,
            opset_version=options.opset,
            dynamo=True,
            optimize=False,
            verbose=False,
        )
        _save(program, path, options)
    _require_opset(program.model.opset_imports[""], options.opset)


def load_traced(path: Path) -> onnx.ModelProto:
    """Read what the exporter wrote, with the weights that it put beside the graph."""
    model = onnx.load(path)
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)
    return model


def free_weights(graph: torch.nn.Module) -> None:
    """Empty what was traced: torch and onnxscript both keep the last graph that they saw."""
    for parameter in graph.parameters():
        parameter.data = torch.empty(0)


def _save(program: Any, path: Path, options: ExportOptions) -> None:
    """Write the graph of an exported program, and free its weights."""
    graph = program.model.graph
    weights = list(graph.initializers.values())
    # without the exporter's own fusions: at opset 23 they write rotary embeddings that only fit
    # a batch of 1
    onnxscript.optimizer.optimize_ir(program.model)
    if options.ids == "int32":
        take_int32_inputs(program.model)
    try:
        program.save(str(path), external_data=True)  # in one file, all would be copied twice more
    except OSError as error:
        if error.errno is None:  # numpy keeps to itself what the system said
            _write_again(path, sum(weight.const_value.nbytes for weight in weights))
        raise
    for weight in (*weights, *graph.initializers.values()):
        weight.const_value = None


def _write_again(path: Path, size_bytes: int) -> None:
    """Meet the system's own error, which says why so many bytes cannot be written beside `path`.

    Raises:
        OSError: the disk is full, say.
    """
    with path.with_name(f"{path.name}.data").open("ab") as file:
        for _ in range(size_bytes // _MEGABYTE + 1):
            file.write(bytes(_MEGABYTE))


def _require_opset(found: int, asked: int) -> None:
    if found != asked:
        raise CheckpointError(
            f"torch {torch.__version__} writes opset {found} where {asked} was asked for; "
            f"use --opset {found}"
        )


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """The exporter warns of its own deprecations, and prints what it could not trace."""
    loggers = [
        logging.getLogger(name) for name in ("torch.fx", "torch.onnx", "onnxscript", "onnx_ir")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            with quiet_transformers():
                yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
