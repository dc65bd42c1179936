"""An ONNX graph with the tokenizer beside it: a bundle's, or one that others exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import Checkpoint, read_folder
from edgebert.data import Text
from edgebert.drift.pooling import pool, unit
from edgebert.errors import CheckpointError, InputError
from edgebert.graph.weights import Weight, read_weights
from edgebert.progress import track
from edgebert.records.manifest import EMBEDDINGS, TOKEN_CLASSIFICATION
from edgebert.runtimes import Model
from edgebert.runtimes.answers import Array
from edgebert.runtimes.encoding import encode, micro_batches, open_tokenizer
from edgebert.runtimes.entities import TokenizedText
from edgebert.runtimes.session import open_graph


@dataclass(frozen=True)
class Traits:
    """What the files beside a graph say about it; see `edgebert.checkpoint.Checkpoint`."""

    task: str
    labels: tuple[str, ...]
    multi_label: bool
    max_length: int
    pooling: str | None
    normalize: bool
    made_from: str


class OnnxFile:
    """A graph in an onnxruntime session; a `TextModel` and a `Probe` of `drift.sources`."""

    def __init__(self, path: Path, traits: Traits, tokenizer: Any, session: Any) -> None:
        self.path = path
        self.traits = traits
        self.tokenizer = tokenizer
        self.session = session
        self._inputs = tuple(value.name for value in session.get_inputs())

    @property
    def task(self) -> str:
        return self.traits.task

    @property
    def labels(self) -> tuple[str, ...]:
        return self.traits.labels

    @property
    def multi_label(self) -> bool:
        return self.traits.multi_label

    @property
    def max_length(self) -> int:
        return self.traits.max_length

    @property
    def pooling(self) -> str | None:
        return self.traits.pooling

    @property
    def made_from(self) -> str:
        return self.traits.made_from

    @property
    def output_name(self) -> str:
        return "sentence_embedding" if self.task == EMBEDDINGS else "logits"

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Output for each text: float32 [dim], [labels] or [tokens, labels]."""
        encodings = encode(self.tokenizer, texts)
        batches = list(micro_batches(encodings, self._inputs))
        rows: dict[int, Array] = {}
        for batch in track(batches, self.path.name) if progress else batches:
            result = self.run(batch.inputs)[self.output_name]
            for position, length, row in zip(batch.positions, batch.lengths, result, strict=True):
                rows[position] = row[:length] if self.task == TOKEN_CLASSIFICATION else row
        return [rows[i] for i in range(len(texts))]

    def tokenized(self, texts: Sequence[str]) -> list[TokenizedText]:
        return [
            TokenizedText(text, encoding.offsets, encoding.word_ids)
            for text, encoding in zip(texts, encode(self.tokenizer, texts), strict=True)
        ]

    def encode(self, texts: Sequence[Text]) -> dict[str, npt.NDArray[np.int64]]:
        """Token ids of the texts as one batch, padded to the longest; the mask always with them."""
        encodings = encode(self.tokenizer, texts)
        columns = {
            "input_ids": [encoding.ids for encoding in encodings],
            "attention_mask": [encoding.attention_mask for encoding in encodings],
            "token_type_ids": [encoding.type_ids for encoding in encodings],
        }
        shape = (len(encodings), max(map(len, columns["input_ids"])))
        inputs = {name: np.zeros(shape, np.int64) for name in columns}
        for name, rows in columns.items():
            for row, values in enumerate(rows):
                inputs[name][row, : len(values)] = values
        return inputs

    def run(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, Array]:
        """Run one batch; a graph that stops at the token vectors is pooled here."""
        names = [value.name for value in self.session.get_outputs()]
        given = {name: inputs[name] for name in self._inputs}
        found = self.session.run(None, given)
        results: dict[str, Array] = dict(zip(names, found, strict=True))
        if self.task != EMBEDDINGS:
            return {"logits": results.get("logits", found[0])}
        hidden: Array | None = next((v for v in results.values() if v.ndim == 3), None)
        pooled = next((results[n] for n in names if n.endswith("embedding")), None)
        if pooled is None:
            if hidden is None:
                raise InputError(f"{self.path} gives neither token vectors nor embeddings")
            mask = inputs["attention_mask"]
            pooled = pool(hidden, mask, str(self.pooling))
            pooled = unit(pooled) if self.traits.normalize else pooled
        outputs: dict[str, Array] = {"sentence_embedding": np.asarray(pooled, np.float32)}
        if hidden is not None:
            outputs["last_hidden_state"] = hidden
        return outputs

    def weights(self) -> dict[str, Weight]:
        return read_weights(self.path)


def open_onnx_file(path: Path, *, max_length: int | None = None) -> OnnxFile:
    """Open an ONNX file whose tokenizer and configuration lie beside it, or one folder up.

    Args:
        path: the file, in a folder as optimum, sentence-transformers or transformers.js lay it out.
        max_length: tokens at which texts are cut; by default what the folder says.

    Raises:
        InputError: no such file, or nothing beside it says how to read it.
        BundleError: onnxruntime cannot load it.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist")
    folders = [at for at in (path.parent, path.parent.parent) if (at / TOKENIZER).is_file()]
    if not folders:
        raise InputError(
            f"{path} has no {TOKENIZER} beside it: put the tokenizer and config.json of its "
            "checkpoint there"
        )
    try:
        described = read_folder(folders[0], max_length=max_length)
    except CheckpointError as error:
        raise InputError(f"{path} cannot be read without its configuration: {error}") from error
    tokenizer = open_tokenizer(described.path / TOKENIZER)
    tokenizer.enable_truncation(described.max_length)
    return OnnxFile(path, _traits(described), tokenizer, open_graph(path))


def probe_bundle(model: Model) -> OnnxFile:
    """A loaded bundle as a graph that can be looked into."""
    manifest = model.manifest
    traits = Traits(
        task=manifest.task,
        labels=manifest.labels,
        multi_label=manifest.multi_label,
        max_length=manifest.max_length,
        pooling=manifest.pooling,
        normalize=manifest.normalize,
        made_from=manifest.source.sha256,
    )
    return OnnxFile(model.bundle.model_path, traits, model.tokenizer, model.session)


def _traits(described: Checkpoint) -> Traits:
    return Traits(
        task=described.task,
        labels=described.labels,
        multi_label=described.problem_type == "multi_label_classification",
        max_length=described.max_length,
        pooling=described.pooling,
        normalize=described.normalize,
        made_from="",
    )
