"""What may be chosen of an export."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edgebert.bounds import check_choice, check_number
from edgebert.errors import CheckpointError
from edgebert.onnx_graph.external_data import EXTERNAL_DATA_BYTES

OPSET = 20
"""Has LayerNormalization and Gelu as single operators, and every onnxruntime since 1.17 runs it."""

TARGETS = ("cpu", "gpu", "portable", "npu")
PRECISIONS = ("fp32", "fp16")
ID_TYPES = ("int64", "int32")

_OPSETS = (18, 23)
_NPU_TOKENS = 128
_SHORTEST = 3  # one token between the special ones


@dataclass(frozen=True)
class ExportOptions:
    """What may be chosen.

    Attributes:
        task: a name of `edgebert.tasks.TASKS`; by default what the checkpoint says.
        target: "cpu", "gpu", "portable" or "npu": what the graph is made for.
        precision: "fp32" or "fp16"; by default fp16 for "gpu", else fp32.
        opset: version of ONNX's operators, 18 to 23.
        max_length: longest input in tokens; by default what the checkpoint says.
        ids: "int64" or "int32": type of the graph's inputs.
        fixed_shape: batch and tokens of every input, for "npu"; by default 1 and 128, or the
            longest input.
        atol: largest absolute difference to PyTorch that still passes; by default what the
            precision allows.
        trim_vocabulary: a corpus; pieces that it does not use leave the vocabulary.
        allow_pickle: read weights that are pickles, which can run code.
        trust_remote_code: run the model code that a checkpoint brings.
        external_data_bytes: weights larger than this go into a file of their own.
    """

    task: str | None = None
    target: str = "cpu"
    precision: str | None = None
    opset: int = OPSET
    max_length: int | None = None
    ids: str = "int64"
    fixed_shape: tuple[int, int] | None = None
    atol: float | None = None
    trim_vocabulary: Path | None = None
    allow_pickle: bool = False
    trust_remote_code: bool = False
    external_data_bytes: int = EXTERNAL_DATA_BYTES

    def __post_init__(self) -> None:
        """Raise InputError for a choice that does not exist."""
        check_choice("target", self.target, TARGETS)
        check_choice("ids", self.ids, ID_TYPES)
        check_number("opset", self.opset, *_OPSETS)
        if self.precision is not None:
            check_choice("precision", self.precision, PRECISIONS)


def settle(options: ExportOptions, max_length: int) -> ExportOptions:
    """Fill in what the target decides.

    Args:
        options: as they were given.
        max_length: of the checkpoint, in tokens.

    Raises:
        CheckpointError: a fixed shape for a target that takes any, or one too short or too long.
    """
    precision = options.precision or ("fp16" if options.target == "gpu" else "fp32")
    shape = options.fixed_shape
    if options.target == "npu":
        shape = shape or (1, min(_NPU_TOKENS, max_length))
        if shape[1] < _SHORTEST:
            raise CheckpointError(
                f"a fixed shape of {shape[1]} tokens holds no text: it takes at least {_SHORTEST}"
            )
        if shape[1] > max_length:
            raise CheckpointError(
                f"a fixed shape of {shape[1]} tokens is longer than the checkpoint's longest "
                f"input, {max_length}; --max-length takes up to its position table"
            )
    elif shape:
        raise CheckpointError(
            f"--fixed-shape is for --target npu; --target {options.target} takes any shape"
        )
    return replace(options, precision=precision, fixed_shape=shape)
