"""A checkpoint as PyTorch runs it: the reference that graphs are held to.

It shares no code with a bundle: transformers tokenizes, PyTorch's eager attention runs (past 1,024
tokens, whose scores would be gigabytes, its `scaled_dot_product_attention`), and the pooling is
numpy's, not the graph's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edgebert.arrays import Array
from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import load_model, load_tokenizer, quiet_transformers
from edgebert.data import Text
from edgebert.errors import CheckpointError, InputError
from edgebert.onnx_graph.weights import Weight
from edgebert.progress import track
from edgebert.references.pooling import embeddings
from edgebert.tasks.spec import Specified
from edgebert.tasks.terms import LEXICAL, ONLY_SECOND, PER_MASK, PER_TOKEN
from edgebert.text.long_texts import Whole, stride_of
from edgebert.text.readable import refusal_of, tokens_beyond

_BATCH = 32
_LOGITS_BYTES = 256_000_000
"""Logits of one batch for fill-mask, which has a row over the vocabulary for each token."""

_TYPES = "token_type_ids"
_EAGER_TOKENS = 1024
"""Eager attention keeps a few copies of its scores, [rows, heads, tokens, tokens]: at 8,192 tokens
and 12 heads 3.2 GB each."""


class CheckpointModel(Specified):
    """A checkpoint loaded into PyTorch, in evaluation mode; a `TextModel` of `references.sources`."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.model = load_model(checkpoint, attention="eager")
        self.tokenizer = load_tokenizer(checkpoint)
        self.spec = checkpoint.spec
        if self.spec.task.rows == PER_MASK:
            self.spec = replace(self.spec, mask_token=self.tokenizer.mask_token)

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Output for each text: float32 [dim], [labels] or [tokens, labels].

        For question answering, [tokens, 2]: logits of where the answer starts and ends. For
        fill-mask, [masks, vocabulary].
        """
        self._require_readable(texts)
        size = self._batch_size()
        order = sorted(range(len(texts)), key=lambda i: len("".join(texts[i])))
        groups = [order[i : i + size] for i in range(0, len(order), size)]
        rows: dict[int, Array] = {}
        for group in track(groups, "PyTorch reference") if progress else groups:
            rows.update(
                zip(group, self._answers(self.encode([texts[i] for i in group])), strict=True)
            )
        return [rows[i] for i in range(len(texts))]

    def _rows(self, read: Any, *, progress: bool) -> list[Array]:
        """Outputs of texts that are tokenized, as transformers gives them, without padding."""
        order = sorted(range(len(read["input_ids"])), key=lambda i: len(read["input_ids"][i]))
        groups = [order[i : i + _BATCH] for i in range(0, len(order), _BATCH)]
        rows: dict[int, Array] = {}
        for group in track(groups, "PyTorch reference") if progress else groups:
            some = {name: [values[i] for i in group] for name, values in read.items()}
            rows.update(zip(group, self._answers(self._batch(some)), strict=True))
        return [rows[i] for i in range(len(order))]

    def _answers(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> list[Array]:
        """What one batch gives for each of its texts."""
        result = self._run_texts(inputs)[self.output_name]
        return [row[self._read(inputs, place)] for place, row in enumerate(result)]

    @property
    def embedding_rows(self) -> int:
        """How many token ids have an embedding."""
        return int(self.model.get_input_embeddings().weight.shape[0])

    @cached_property
    def tokens_without_embedding(self) -> tuple[str, ...]:
        return tokens_beyond(self.tokenizer.get_vocab(), self.embedding_rows)

    def refusal(self, text: Text) -> str | None:
        """Why a text cannot be read; None where it can."""
        if not self.tokens_without_embedding:
            return None
        whole = self.spec.task.reads_whole  # else what is cut away need not be known
        read = self._tokenize([text], return_overflowing_tokens=whole)
        ids = chain.from_iterable(read["input_ids"])
        return refusal_of(ids, self.embedding_rows, self.piece)

    def _require_readable(self, texts: Sequence[Text]) -> None:
        for place, text in enumerate(texts):
            refused = self.refusal(text)
            if refused is not None:
                raise InputError(f"text {place}: {refused}")

    def _run_texts(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, Array]:
        try:
            return self.run(inputs)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CheckpointError(
                f"{self.checkpoint.id} does not answer texts in PyTorch: {line}"
            ) from error

    def _batch_size(self) -> int:
        if not self.spec.task.over_vocabulary:
            return _BATCH
        text_bytes = 4 * len(self.tokenizer) * self.max_length
        return max(1, min(_BATCH, _LOGITS_BYTES // text_bytes))

    def _read(self, inputs: Mapping[str, npt.NDArray[np.int64]], place: int) -> Any:
        """Which rows of a text's output are its answer."""
        if self.spec.task.rows == PER_MASK:
            return inputs["input_ids"][place] == self.tokenizer.mask_token_id
        if self.spec.task.rows == PER_TOKEN:
            return inputs["attention_mask"][place].astype(bool)
        return slice(None)

    @property
    def pooling(self) -> str | None:
        return self.checkpoint.pooling

    @property
    def made_from(self) -> str:
        return self.checkpoint.sha256()

    def weights(self) -> dict[str, Weight]:
        return {
            name: Weight(value.numpy(), 8 * value.element_size())
            for name, value in (*self.model.state_dict().items(), *_groups(self.model))
            if value.is_floating_point()
        }

    @property
    def output_name(self) -> str:
        return self.spec.task.joined_name

    def run(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, Array]:
        """Run one batch of int64 [batch, sequence] inputs; outputs named as in a bundle."""
        tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
        with (
            quiet_transformers(),
            torch.inference_mode(),
            self._attention_for(inputs["input_ids"].shape[1]),
        ):
            result = self.model(**tensors)
        if self.checkpoint.modules is None:
            task = self.spec.task
            if task.form == LEXICAL:
                weights = _lexical_weights(result.logits.numpy(), inputs["attention_mask"])
                return {task.joined_name: weights}
            given = {name: getattr(result, name).numpy() for name in task.outputs}
            return {task.joined_name: task.joined(list(given.values())), **given}
        hidden = result.last_hidden_state.numpy()
        pooled = embeddings(hidden, inputs["attention_mask"], self.checkpoint.modules)
        return {"last_hidden_state": hidden, "sentence_embedding": pooled}

    @contextmanager
    def _attention_for(self, tokens: int) -> Iterator[None]:
        """Attention that keeps no scores, where they would be large and the model can do without."""
        if tokens <= _EAGER_TOKENS or not self.model._supports_sdpa:
            yield
            return
        self.model.set_attn_implementation("sdpa")
        try:
            yield
        finally:
            self.model.set_attn_implementation("eager")

    def encode(self, texts: Sequence[Text]) -> dict[str, npt.NDArray[np.int64]]:
        """What transformers feeds the model for texts and pairs, padded on the right."""
        rows: dict[int, dict[str, list[int]]] = {}
        for pairs in (False, True):
            places = [i for i, text in enumerate(texts) if isinstance(text, str) != pairs]
            encoding = self._tokenize([texts[i] for i in places]) if places else {}
            for place, i in enumerate(places):
                rows[i] = {name: values[place] for name, values in encoding.items()}
        return self._batch({name: [rows[i][name] for i in range(len(rows))] for name in rows[0]})

    def _batch(
        self, columns: Mapping[str, Sequence[Sequence[int]]]
    ) -> dict[str, npt.NDArray[np.int64]]:
        names = [name for name in columns if name != _TYPES or self._knows_types]
        return {name: self._padded(name, columns[name]) for name in names}

    def _padded(self, name: str, rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
        value = self._pad_id if name == "input_ids" else 0
        shape = len(rows), max(1, *map(len, rows))
        padded = np.full(shape, value, np.int64)
        for row, values in enumerate(rows):
            padded[row, : len(values)] = values
        return padded

    @property
    def _pad_id(self) -> int:
        """What stands where nothing is; some families count positions by it."""
        stated = self.tokenizer.pad_token_id
        if stated is None or stated >= self.embedding_rows:
            stated = self.encoder_config.pad_token_id
        return int(stated or 0)

    @property
    def _knows_types(self) -> bool:
        """Whether there are two token types; of a table with one row only that row can be meant."""
        return getattr(self.encoder_config, "type_vocab_size", 2) > 1

    @property
    def encoder_config(self) -> Any:
        """Of what reads texts, where something else writes."""
        return getattr(self.model, "encoder_config", self.model.config)

    @property
    def feeds_types(self) -> bool:
        """Whether transformers feeds token types: its tokenizer says so, whatever the model takes."""
        return _TYPES in self.tokenizer.model_input_names

    @property
    def vocabulary_size(self) -> int:
        return len(self.tokenizer)

    def piece(self, token_id: int) -> str:
        return str(self.tokenizer.convert_ids_to_tokens(token_id))

    def wholes(self, texts: Sequence[Text], *, progress: bool = False) -> list[Whole[Any]]:
        """All of each text in parts that overlap, as `edgebert.runtimes.Model.wholes` gives it."""
        self._require_readable(texts)
        by_stride: dict[int, list[int]] = defaultdict(list)
        for place, text in enumerate(texts):
            by_stride[stride_of(self._room(text))].append(place)
        found: dict[int, Whole[Any]] = {}
        for stride, places in by_stride.items():
            some = self._in_parts([texts[place] for place in places], stride, progress=progress)
            found.update(zip(places, some, strict=True))
        return [found[place] for place in range(len(texts))]

    def _room(self, text: Text) -> int:
        """Tokens of a text, or of a context beside its question, that are read at a time."""
        pair = not isinstance(text, str)
        room: int = self.max_length - self.tokenizer.num_special_tokens_to_add(pair)
        if pair:
            room -= len(self.tokenizer(text[0], add_special_tokens=False)["input_ids"])
        return max(0, room)

    def _in_parts(
        self, texts: Sequence[Text], stride: int, *, progress: bool
    ) -> Iterator[Whole[Any]]:
        read = self._tokenize(texts, stride=stride, return_overflowing_tokens=True)
        places = read.pop("overflow_to_sample_mapping")
        rows = self._rows(read, progress=progress)
        parts = zip(places, read.encodings, rows, strict=True)
        for place, of_text in groupby(parts, key=itemgetter(0)):
            _, encodings, logits = zip(*of_text, strict=True)
            yield Whole(texts[place], encodings, logits)

    def _tokenize(self, texts: Sequence[Text], **options: Any) -> Any:
        arguments: list[list[str]] = [[t if isinstance(t, str) else t[0] for t in texts]]
        if any(not isinstance(t, str) for t in texts):
            arguments.append(["" if isinstance(t, str) else t[1] for t in texts])
        cut = self.spec.task.truncation
        try:
            return self.tokenizer(*arguments, truncation=cut, max_length=self.max_length, **options)
        except Exception as error:  # tokenizers raises bare Exception
            if (
                cut != ONLY_SECOND and type(error) is Exception
            ):  # a word, and no token for what is unknown
                raise CheckpointError(
                    f"{self.checkpoint.path}: its tokenizer cannot read a text: {error}"
                ) from error
            if cut != ONLY_SECOND:
                raise
            raise InputError(
                f"a question is longer than the {self.max_length} tokens that are read, or stands "
                "without its context"
            ) from error


def _groups(model: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Weights of linear layers in groups (SqueezeBERT's convolutions of width 1), one by one."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Conv1d) and module.kernel_size == (1,) and module.groups > 1:
            for number, weight in enumerate(module.weight.detach().chunk(module.groups)):
                yield f"{name}.groups.{number}.weight", weight


def _lexical_weights(logits: Array, mask: npt.NDArray[np.integer]) -> Array:
    """Weights of the pieces of a vocabulary, float32 [batch, vocabulary] (see `tasks.sparse`).

    Args:
        logits: of a masked-language head, float32 [batch, sequence, vocabulary].
        mask: 1 where a token stands, [batch, sequence].
    """
    rows = [
        np.log1p(np.maximum(row[real.astype(bool)], 0)).max(axis=0, initial=0)
        for row, real in zip(logits, mask, strict=True)
    ]
    return np.stack(rows)
