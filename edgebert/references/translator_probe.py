"""A loaded translator, to be looked into: how it reads sources, and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array, Integers
from edgebert.data import Text
from edgebert.onnx_graph.weights import Weight, read_weights
from edgebert.runtimes import Model
from edgebert.runtimes.batches import InputSpec, pad
from edgebert.runtimes.sessions.session import open_graph
from edgebert.text.encoding import encode

CROSS = "cross"
"""What the output of a probe of a translator is called: all that its decoder gets of sources."""

_ALWAYS = ("input_ids", "attention_mask")


class TranslatorProbe:
    """A `Probe` of `references.sources`."""

    pooling = None
    output_name = CROSS

    def __init__(self, model: Model) -> None:
        self._model = model
        self.similarity_fn_name = model.similarity_fn_name
        self.made_from = model.manifest.source.sha256
        names = dict.fromkeys((*_ALWAYS, *model.input_spec.names))
        self._fed = InputSpec(tuple(names))

    @property
    def vocabulary_size(self) -> int:
        """Pieces of sources."""
        return int(self._model.tokenizer.get_vocab_size())

    def piece(self, token_id: int) -> str:
        return str(self._model.tokenizer.id_to_token(token_id))

    def encode(self, texts: Sequence[Text]) -> dict[str, npt.NDArray[np.int64]]:
        """Token ids of sources as one batch, padded to the longest; the mask always with them."""
        inputs = pad(encode(self._model.tokenizer, texts), self._fed)
        return {name: ids.astype(np.int64) for name, ids in inputs.items()}

    def run(self, inputs: Mapping[str, Integers]) -> dict[str, Array]:
        """Keys and values of sources for all layers of the decoder, float32 [batch, tokens, width]."""
        given = {name: inputs[name] for name in self._model.input_spec.names}
        parts = [
            one.transpose(0, 2, 1, 3).reshape(len(one), one.shape[2], -1)
            for one in self._encoder.run(None, given)
        ]
        return {CROSS: np.concatenate(parts, axis=-1)}

    @cached_property
    def _encoder(self) -> Any:
        return open_graph(self._model.files.model_path)

    def weights(self) -> dict[str, Weight]:
        """Those of both graphs."""
        paths = self._model.files.graph_paths
        return {name: one for path in paths for name, one in read_weights(path).items()}
