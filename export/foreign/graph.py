"""An encoder's graph from anywhere: what it takes, and what it answers to token ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.export.parity.sessions import first_line
from edgebert.machine import available_cores
from edgebert.onnx_graph.external_data import external_files
from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.runtimes.sessions.providers import CPU
from edgebert.runtimes.sessions.session import import_onnxruntime

Ids = npt.NDArray[np.int64]

IDS, MASK, TYPES, POSITIONS = "input_ids", "attention_mask", "token_type_ids", "position_ids"
_KNOWN = (IDS, MASK, TYPES, POSITIONS)
_QUANTIZED = frozenset(
    {
        "DequantizeLinear",
        "DynamicQuantizeLinear",
        "DynamicQuantizeMatMul",
        "GatherBlockQuantized",
        "MatMulInteger",
        "MatMulIntegerToFloat",
        "MatMulNBits",
        "QAttention",
        "QEmbedLayerNormalization",
        "QGemm",
        "QLinearMatMul",
        "QuantizeLinear",
    }
)
LONGEST = 512
"""Up to which length it is tried how many tokens a graph takes."""

_FEW_IDS = 30
_NO_PADDING = 3  # some families count positions by the ids that are not padding, 0 or 1


def read_model(path: Path) -> onnx.ModelProto:
    """Read a graph with its weights, which may lie in files beside it but nowhere else.

    Raises:
        InputError: it is damaged, no ONNX file, no encoder of token ids, or int8 already.
    """
    external_files(path)  # says which leads out of the folder, or is missing
    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's, onnx's and the file system's errors share no base
        raise InputError(f"{path} is damaged or not an ONNX file: {first_line(error)}") from error
    _refuse(path, model)
    return model


class EncoderSession:
    """A graph in onnxruntime that is asked by token ids, whatever inputs and types it takes."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._types = {value.name: value.type for value in session.get_inputs()}
        self._shapes = {value.name: value.shape for value in session.get_inputs()}
        self.outputs = tuple(value.name for value in session.get_outputs())

    @property
    def takes_mask(self) -> bool:
        return MASK in self._types

    @property
    def names(self) -> tuple[str, ...]:
        """Ids, mask and, where the graph takes them, token types."""
        return (IDS, MASK, TYPES) if TYPES in self._types else (IDS, MASK)

    @property
    def fixed_shape(self) -> tuple[int, int] | None:
        """Batch and tokens, where the graph takes no other."""
        batch, tokens = self._shapes[IDS]
        return (batch, tokens) if isinstance(batch, int) and isinstance(tokens, int) else None

    def run(
        self, inputs: Mapping[str, Ids], names: Sequence[str] | None = None
    ) -> dict[str, Array]:
        """Answer int64 [batch, tokens] inputs.

        Positions count from 0 where they are asked for. A graph of a fixed shape gets the rows
        again and again until it is full.
        """
        given = dict(inputs)
        given[POSITIONS] = np.broadcast_to(np.arange(given[IDS].shape[1]), given[IDS].shape)
        feeds = {name: given[name].astype(_numpy(kind)) for name, kind in self._types.items()}
        asked = list(self.outputs if names is None else names)
        if self.fixed_shape is None:
            return dict(zip(asked, self.session.run(asked, feeds), strict=True))
        rows, size = len(given[IDS]), self.fixed_shape[0]
        full = {
            name: np.resize(values, (size, *values.shape[1:])) for name, values in feeds.items()
        }
        found = self.session.run(asked, full)
        return {name: values[:rows] for name, values in zip(asked, found, strict=True)}

    def longest(self) -> int:
        """Most tokens, up to 512, for which the graph has positions."""
        if self.fixed_shape:
            return self.fixed_shape[1]
        shortest, too_long = 1, LONGEST + 1
        if self._runs(LONGEST):
            return LONGEST
        while too_long - shortest > 1:
            middle = (shortest + too_long) // 2
            if self._runs(middle):
                shortest = middle
            else:
                too_long = middle
        return shortest

    def _runs(self, tokens: int) -> bool:
        inputs = {
            IDS: np.full((1, tokens), _NO_PADDING, np.int64),
            MASK: np.ones((1, tokens), np.int64),
            TYPES: np.zeros((1, tokens), np.int64),
        }
        try:
            self.run(inputs)
        except Exception:  # noqa: BLE001 - onnxruntime's errors share no public base class
            return False
        return True


def open_plainly(path: Path) -> Any:
    """A session that runs the graph nearly as it is written, and logs nothing."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    options.intra_op_num_threads = available_cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others run beside it
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[CPU.full_name])
    except Exception as error:  # onnxruntime's errors share no public base class
        raise InputError(f"{path} cannot be loaded by onnxruntime: {first_line(error)}") from error


def vocabulary_size(model: onnx.ModelProto) -> int:
    """Rows of the table that token ids look up; a few, where it is not found."""
    return embedding_rows(model) or _FEW_IDS


def embedding_rows(model: onnx.ModelProto) -> int | None:
    """Rows of the table that token ids look up; None where it is not found."""
    def_use = DefUse(model.graph)
    pending = [IDS]
    for name in pending:
        for node in def_use.readers(name):
            if node.op_type == "Gather" and def_use.is_constant(node.input[0]):
                return int(def_use.tensor(node.input[0]).dims[0])
            if node.op_type == "EmbedLayerNormalization":
                return int(def_use.tensor(node.input[2]).dims[0])
            if node.op_type in ("Cast", "Identity"):
                pending += node.output
    return None


def ids_type(model: onnx.ModelProto) -> str:
    """Type of the token ids that a graph takes, "int64" or "int32"."""
    (ids,) = (value for value in model.graph.input if value.name == IDS)
    return "int32" if ids.type.tensor_type.elem_type == onnx.TensorProto.INT32 else "int64"


def _refuse(path: Path, model: onnx.ModelProto) -> None:
    names = {value.name for value in model.graph.input}
    names -= {tensor.name for tensor in model.graph.initializer}
    if IDS not in names:
        raise InputError(f"{path} takes {', '.join(sorted(names))} and no {IDS}: no text encoder")
    unknown = sorted(names - set(_KNOWN))
    if unknown:
        raise InputError(f"{path} takes {', '.join(unknown)}; known inputs are {', '.join(_KNOWN)}")
    if any(node.op_type in _QUANTIZED for node in model.graph.node):
        raise InputError(
            f"{path} is quantized already, and only float graphs are optimized: "
            "give the float export, then run 'edgebert quantize'"
        )
    halves = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
    if any(tensor.data_type in halves and tensor.dims for tensor in model.graph.initializer):
        raise InputError(
            f"{path} is in half precision, which no CPU can prove: give the float32 export"
        )


def _numpy(kind: str) -> Any:
    """The numpy type of onnxruntime's `tensor(int64)` and its like."""
    names = {"float": "float32", "double": "float64"}
    inner = kind.removeprefix("tensor(").removesuffix(")")
    return np.dtype(names.get(inner, inner))
