"""What may be chosen of an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EXTERNAL_DATA_BYTES = 1_500_000_000
"""Weights beyond this go into model.onnx_data: protobuf ends at 2 GB."""

OPSET = 20
"""Has LayerNormalization and Gelu as single operators, and every onnxruntime since 1.17 runs it."""


@dataclass(frozen=True)
class ExportOptions:
    """What may be chosen.

    Attributes:
        task: one of `edgebert.records.manifest.TASKS`; by default what the checkpoint says.
        target: "cpu", "gpu", "portable" or "npu": what the graph is made for.
        precision: "fp32" or "fp16"; by default fp16 for "gpu", else fp32.
        opset: version of ONNX's operators, 18 to 23.
        max_length: longest input in tokens; by default what the checkpoint says.
        ids: "int64" or "int32": type of the graph's inputs.
        fixed_shape: batch and tokens of every input, for "npu".
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
