"""An ONNX graph with the tokenizer beside it: a bundle's, or one that others exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers

from edgebert.arrays import Array, Integers
from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import Checkpoint, read_folder
from edgebert.checkpoint.tokenizer_settings import feeds_token_types
from edgebert.data import Text
from edgebert.errors import BundleError, CheckpointError, InputError
from edgebert.json_files import read_object
from edgebert.onnx_graph.saturation import sums_can_overflow
from edgebert.onnx_graph.weights import Weight, read_weights
from edgebert.progress import track
from edgebert.records.profile import TOKENS_PER_RUN
from edgebert.references.pooling import embeddings
from edgebert.runtimes import Model
from edgebert.runtimes.batches import InputSpec, micro_batches, pad, rows_of
from edgebert.runtimes.sessions.reasons import reason_of
from edgebert.runtimes.sessions.session import open_graph
from edgebert.sentence_modules import SentenceModules
from edgebert.tasks.spec import ModelSpec, Specified
from edgebert.tasks.terms import PER_MASK
from edgebert.text.encoding import encode, open_tokenizer
from edgebert.text.long_texts import Whole, cut_at, parts_in_order
from edgebert.text.readable import refusal_of, tokens_beyond

_ANY_SHAPE = InputSpec(("input_ids", "attention_mask", "token_type_ids"))
"""Inputs before they are brought into a graph's own type and shape."""

_NO_TYPES = InputSpec(_ANY_SHAPE.names[:2])


@dataclass(frozen=True)
class Traits:
    """What the files beside a graph say about it, beside what the model is.

    Attributes:
        spec: what the model is.
        modules: how the graph's token vectors become an embedding, where that is the task.
        made_from: hash of the checkpoint's weights, or "".
        token_types: whether the graph, where it takes token types, is fed those of the tokenizer,
            and not 0 throughout.
    """

    spec: ModelSpec
    modules: SentenceModules | None
    made_from: str = ""
    token_types: bool = True


class OnnxFile(Specified):
    """A graph in an onnxruntime session; a `TextModel` and `Probe` of `references.sources`."""

    def __init__(self, path: Path, traits: Traits, tokenizer: Any, session: Any) -> None:
        self.path = path
        self.tokenizer = tokenizer
        self.session = session
        self.input_spec = InputSpec.of(session)
        self.spec = traits.spec
        self.made_from = traits.made_from
        self.pooling = traits.modules.pooling if traits.modules else None
        self.output_name = traits.spec.task.joined_name
        self.embedding_rows = traits.spec.embedding_rows
        self._modules = traits.modules
        self._fed = _ANY_SHAPE if traits.token_types else _NO_TYPES
        self._mask_id = tokenizer.token_to_id(self.mask_token) if self.mask_token else None

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Output for each text, as `edgebert.runtimes.Model.outputs` gives it."""
        return self._rows(encode(self.tokenizer, texts), progress=progress)

    def _rows(self, encodings: Sequence[tokenizers.Encoding], *, progress: bool) -> list[Array]:
        budget = self.spec.task.tokens_per_run(self.tokenizer.get_vocab_size(), TOKENS_PER_RUN)
        batches = list(micro_batches(encodings, self._fed, tokens_per_run=budget))
        rows: dict[int, Array] = {}
        for batch in track(batches, self.path.name) if progress else batches:
            answer = self.run(batch.inputs)[self.output_name]
            rows.update(rows_of(self.spec.task, batch, answer, self._mask_id))
        return [rows[i] for i in range(len(encodings))]

    @cached_property
    def tokens_without_embedding(self) -> tuple[str, ...]:
        rows = self.embedding_rows
        return () if rows is None else tokens_beyond(self.tokenizer.get_vocab(), rows)

    def refusal(self, text: Text) -> str | None:
        """Why a text cannot be read; None where it can, or where that is not known."""
        if self.embedding_rows is None or not self.tokens_without_embedding:
            return None
        (encoding,) = encode(self.tokenizer, [text])
        return refusal_of(encoding.ids, self.embedding_rows, self.piece)

    @property
    def vocabulary_size(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def piece(self, token_id: int) -> str:
        return str(self.tokenizer.id_to_token(token_id))

    def wholes(self, texts: Sequence[Text], *, progress: bool = False) -> list[Whole[Any]]:
        """All of each text in parts that overlap, as `edgebert.runtimes.Model.wholes` gives it."""
        cut = lru_cache(partial(cut_at, self.tokenizer))
        firsts = self.spec.task.first_parts(texts, self.tokenizer, cut, self.max_length)
        parts = [parts_in_order(first) for first in firsts]
        rows = iter(self._rows([part for of_text in parts for part in of_text], progress=progress))
        return [
            Whole(text, of_text, list(islice(rows, len(of_text))))
            for text, of_text in zip(texts, parts, strict=True)
        ]

    def encode(self, texts: Sequence[Text]) -> dict[str, npt.NDArray[np.int64]]:
        """Token ids of the texts as one batch, padded to the longest; the mask always with them."""
        inputs = pad(encode(self.tokenizer, texts), self._fed)
        return {name: ids.astype(np.int64) for name, ids in inputs.items()}

    def run(self, inputs: Mapping[str, Integers]) -> dict[str, Array]:
        """Run one batch; a graph that stops at the token vectors is pooled here."""
        results = self._run_graph(inputs)
        if self._modules is None:
            task = self.spec.task
            named = [results[name] for name in task.outputs if name in results]
            given = named if len(named) == len(task.outputs) else list(results.values())[:1]
            return {**results, task.joined_name: task.joined(given)}
        hidden: Array | None = next((v for v in results.values() if v.ndim == 3), None)
        pooled = next((v for name, v in results.items() if name.endswith("embedding")), None)
        if pooled is None:
            if hidden is None:
                raise InputError(f"{self.path} gives neither token vectors nor embeddings")
            pooled = embeddings(hidden, inputs["attention_mask"], self._modules)
        outputs: dict[str, Array] = {"sentence_embedding": np.asarray(pooled, np.float32)}
        return outputs if hidden is None else {**outputs, "last_hidden_state": hidden}

    def weights(self) -> dict[str, Weight]:
        return read_weights(self.path)

    def _run_graph(self, inputs: Mapping[str, Integers]) -> dict[str, Array]:
        """All outputs by name, for inputs of any batch and length."""
        names = [value.name for value in self.session.get_outputs()]
        zeros = np.zeros_like(inputs["input_ids"])  # token types that nobody feeds
        given: dict[str, Integers] = {
            name: inputs.get(name, zeros).astype(self.input_spec.dtype)
            for name in self.input_spec.names
        }
        if self.input_spec.shape is None:
            return dict(zip(names, self._results(given), strict=True))
        (batch, width), (rows, tokens) = inputs["input_ids"].shape, self.input_spec.shape
        parts = [
            self._results(_part(given, start, rows, tokens)) for start in range(0, batch, rows)
        ]
        # starts and ends of answers have no third dimension
        by_token = self.spec.task.outputs if self.spec.task.by_token else ()
        joint = (np.concatenate(column)[:batch] for column in zip(*parts, strict=True))
        return {
            name: values[:, :width] if values.ndim == 3 or name in by_token else values
            for name, values in zip(names, joint, strict=True)
        }

    def _results(self, given: Mapping[str, Integers]) -> list[Array]:
        try:
            results: list[Array] = self.session.run(None, dict(given))
        except Exception as error:  # onnxruntime's errors share no public base class
            raise BundleError(f"{self.path} cannot run: {reason_of(error)}") from error
        return results


def _part(inputs: dict[str, Integers], start: int, rows: int, tokens: int) -> dict[str, Integers]:
    """Some rows of each input, filled up with zeros to [rows, tokens]."""
    parts = {name: values[start : start + rows] for name, values in inputs.items()}
    return {
        name: np.pad(part, ((0, rows - part.shape[0]), (0, tokens - part.shape[1])))
        for name, part in parts.items()
    }


def open_onnx_file(path: Path, *, max_length: int | None = None) -> OnnxFile:
    """Open an ONNX file whose tokenizer and configuration lie beside it, or one folder up.

    Args:
        path: the file, in a folder as optimum, sentence-transformers or transformers.js lay it out.
        max_length: tokens at which texts are cut; by default what the folder says.

    Raises:
        InputError: no such file, nothing beside it says how to read it, or it is a part of a model.
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
    if described.spec.task.writes:
        raise InputError(f"{path} is one of the graphs of a translator: give the whole bundle")
    tokenizer = open_tokenizer(described.path / TOKENIZER)
    cut, side = described.spec.task.truncation, described.truncation_side
    tokenizer.enable_truncation(described.max_length, strategy=cut, direction=side)
    return OnnxFile(
        path, traits_of(described), tokenizer, open_graph(path, widen=sums_can_overflow(path))
    )


def probe_bundle(model: Model) -> OnnxFile:
    """A loaded bundle as a graph that can be looked into."""
    manifest = model.manifest
    traits = Traits(
        spec=model.spec,
        modules=SentenceModules.pooled_by(manifest.pooling) if manifest.pooling else None,
        made_from=manifest.source.sha256,
    )
    return OnnxFile(model.files.model_path, traits, model.tokenizer, model.session)


def traits_of(described: Checkpoint) -> Traits:
    spec = described.spec
    if spec.task.rows == PER_MASK:
        spec = replace(spec, mask_token=_mask_token(described.path))
    return Traits(spec, described.modules, token_types=feeds_token_types(described.path))


def _mask_token(folder: Path) -> str:
    """What stands for a word to guess, from the files beside a tokenizer."""
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        token = read_object(folder / name).get("mask_token")
        if token:
            return str(token["content"] if isinstance(token, dict) else token)
    raise InputError(f"{folder} does not say what its mask token is: no tokenizer_config.json does")
