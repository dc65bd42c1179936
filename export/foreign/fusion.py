"""The graph passes that turn somebody else's export into the form we trace ourselves."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import version_converter

from edgebert.export.foreign.graph import (
    IDS,
    MASK,
    TYPES,
    EncoderSession,
    Ids,
    open_plainly,
    vocabulary_size,
)
from edgebert.export.passes.attention_proof import Sample
from edgebert.export.passes.constants import fold_constants
from edgebert.export.passes.fuse_attention import AttentionFusion, fuse_attention
from edgebert.export.passes.fuse_gelu import fuse_gelu
from edgebert.export.passes.fuse_layer_norm import fuse_layer_norm
from edgebert.onnx_graph.in_memory.edits import opset_of, show_values
from edgebert.onnx_graph.in_memory.model_file import save_model

OPSET = 20
"""Has LayerNormalization and Gelu as single operators; graphs from before are brought to it."""

_SHORT = (3, 7)
_LONG = (3, 300)


@dataclass(frozen=True)
class Fusion:
    """What the passes did: operators put in the place of others, by kind."""

    attention: AttentionFusion
    layer_norm: int
    gelu: int

    @property
    def anything(self) -> bool:
        return bool(self.attention.fused or self.layer_norm or self.gelu)


def fuse(model: onnx.ModelProto, longest: int) -> tuple[onnx.ModelProto, Fusion]:
    """Fuse what other exporters spell out.

    Args:
        model: a float graph.
        longest: most tokens that it takes.

    Returns:
        A new model, and what was fused in it.
    """
    model = fold_constants(_at_opset(model))
    layer_norm, gelu = fuse_layer_norm(model), fuse_gelu(model)
    attention = fuse_attention(model, lambda names, length: _sample(model, names, length, longest))
    return model, Fusion(attention, layer_norm, gelu)


def _at_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph at opset 20; one with onnxruntime's own operators stays as it is."""
    plain = all(node.domain in ("", "ai.onnx") for node in model.graph.node)
    if not plain or opset_of(model) >= OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except RuntimeError:  # an operator that onnx has no way for
        return model


def _sample(model: onnx.ModelProto, names: set[str], length: str, longest: int) -> Sample:
    """Run the graph on random ids under a mask with padding on either side and holes."""
    constants = {t.name: t for t in model.graph.initializer if t.name in names}
    wanted = sorted(names - set(constants) - {value.name for value in model.graph.input})
    session = _tapped(model, wanted)
    batch, tokens = session.fixed_shape or (_SHORT if length == "short" else _LONG)
    inputs = _inputs(batch, min(tokens, longest), vocabulary_size(model), session.takes_mask)
    values: dict[str, npt.NDArray[Any]] = dict(session.run(inputs, wanted)) if wanted else {}
    values.update((name, inputs[name]) for name in names & set(inputs))
    values.update((name, onnx.numpy_helper.to_array(t)) for name, t in constants.items())
    return Sample(values, inputs[MASK].astype(bool))


def _tapped(model: onnx.ModelProto, wanted: list[str]) -> EncoderSession:
    """A session of the graph that gives values from its inside as outputs too."""
    outputs = len(model.graph.output)
    show_values(model.graph, wanted)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        save_model(model, path)
        del model.graph.output[outputs:]
        return EncoderSession(open_plainly(path))


def _inputs(batch: int, tokens: int, vocabulary: int, masked: bool) -> dict[str, Ids]:
    random = np.random.default_rng(1)
    mask = np.ones((batch, tokens), np.int64)
    if masked:
        mask = (random.random((batch, tokens)) < 0.7).astype(np.int64)
        mask[0, -(tokens // 3 + 1) :] = 0
        mask[-1, : tokens // 3] = 0
        mask[:, tokens // 2] = 1  # no row is all padding
    return {
        IDS: random.integers(0, vocabulary, (batch, tokens)),
        MASK: mask,
        TYPES: np.zeros((batch, tokens), np.int64),
    }
