"""A loaded bundle: texts in, vectors, labels and entities out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from edgebert.bundle import Bundle
from edgebert.errors import InputError
from edgebert.records.manifest import EMBEDDINGS, TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION
from edgebert.runtimes.answers import Array, Classification, Entity, read_classification
from edgebert.runtimes.encoding import GraphInputs, Text, check_texts, encode, micro_batches
from edgebert.runtimes.entities import TokenizedText, decode_entities
from edgebert.runtimes.outputs import answer_outputs, joined, rows_of, tokens_per_run

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

A = TypeVar("A")

_STREAM_CHUNK = 1024  # texts taken from an iterator at a time: room to sort, little to wait for


class Model:
    """A bundle that is ready to run. Made by `edgebert.load`."""

    def __init__(
        self,
        bundle: Bundle,
        session: onnxruntime.InferenceSession,
        tokenizer: tokenizers.Tokenizer,
    ) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.session = session
        self.tokenizer = tokenizer
        self.takes = GraphInputs.of(session)
        self._outputs = answer_outputs(self.task)
        self._mask_id = tokenizer.token_to_id(self.mask_token) if self.mask_token else None

    def __repr__(self) -> str:
        return f"<edgebert model {str(self.bundle.path)!r}: {self.manifest.precision} {self.task}>"

    @property
    def task(self) -> str:
        return self.manifest.task

    @property
    def labels(self) -> tuple[str, ...]:
        return self.manifest.labels

    @property
    def multi_label(self) -> bool:
        return self.manifest.multi_label

    @property
    def scoring(self) -> str:
        """How scores are made of logits: softmax, sigmoid or identity."""
        return self.manifest.scoring

    @property
    def mask_token(self) -> str | None:
        return self.manifest.mask_token

    @property
    def default_prompt(self) -> str:
        """The text that `embed` puts before every text when no prompt is asked for."""
        name = self.manifest.default_prompt
        return self.manifest.prompts[name] if name else ""

    @property
    def max_length(self) -> int:
        return self.manifest.max_length

    @property
    def provider(self) -> str:
        """The execution provider that onnxruntime really took."""
        return str(self.session.get_providers()[0])

    @property
    def width(self) -> int:
        """Numbers in an embedding, or logits in a row."""
        shapes = {output.name: output.shape for output in self.session.get_outputs()}
        return int(shapes[self._outputs[0]][-1])

    def embed(self, texts: Any, *, prompt: str | None = None, progress: bool = False) -> Any:
        """Turn texts into vectors.

        Args:
            texts: one text, a list of texts, or any other iterable of texts.
            prompt: name of a prompt in the manifest that is put before every text; by default
                the model's own, where it has one, and with "" none.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            float32 [dim] for one text, float32 [n, dim] for a list, and for any other iterable an
            iterator of float32 [dim], in order.

        Raises:
            InputError: the bundle is not an embedding model, an item is not a text, or there is
                no such prompt.
        """
        self._require(EMBEDDINGS, "embed")
        before = self._prompt(prompt)

        def vectors(part: Sequence[Any]) -> Array:
            checked = check_texts(part, pairs=False)
            prompted = [before + str(text) for text in checked] if before else checked
            rows = self.outputs(prompted, progress=progress)
            return np.stack(rows) if rows else np.zeros((0, self.width), np.float32)

        return _answer(texts, vectors)

    def classify(self, texts: Any, *, progress: bool = False) -> Any:
        """Classify texts; in a list, a pair of texts is a tuple of two.

        Returns:
            One `Classification` for one text, a list of them for a list of texts, and for any
            other iterable an iterator.

        Raises:
            InputError: the bundle is not a text classifier, or an item is not a text.
        """
        self._require(TEXT_CLASSIFICATION, "classify")

        def classifications(part: Sequence[Any]) -> list[Classification]:
            rows = self.outputs(check_texts(part, pairs=True), progress=progress)
            return [
                read_classification(
                    row, self.labels, scoring=self.scoring, multi_label=self.multi_label
                )
                for row in rows
            ]

        return _answer(texts, classifications)

    def tag(self, texts: Any, *, progress: bool = False) -> Any:
        """Find the entities in texts.

        Returns:
            A list of `Entity` for one text, a list of such lists for a list of texts, and for any
            other iterable an iterator.

        Raises:
            InputError: the bundle is not a token classifier, or an item is not a text.
        """
        self._require(TOKEN_CLASSIFICATION, "tag")

        def entities(part: Sequence[Any]) -> list[list[Entity]]:
            checked = [str(text) for text in check_texts(part, pairs=False)]
            encodings = encode(self.tokenizer, checked)
            rows = self._run(encodings, progress=progress)
            return [
                decode_entities(tokenized, row, self.labels)
                for tokenized, row in zip(_tokenized(checked, encodings), rows, strict=True)
            ]

        return _answer(texts, entities)

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Raw output of the graph for each text, in order.

        Returns:
            float32 arrays: [dim] for embeddings, [labels] for a text classifier, [tokens, labels]
            for a token classifier, [tokens, 2] (where an answer starts, where it ends) for
            question answering, [masks, vocabulary] for fill-mask.
        """
        return self._run(encode(self.tokenizer, texts), progress=progress)

    def tokenized(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Tokens of each text, with the characters and the word each one stands for."""
        return _tokenized(texts, encode(self.tokenizer, texts))

    def _run(self, encodings: Sequence[Any], *, progress: bool = False) -> list[Array]:
        budget = tokens_per_run(self.task, self.tokenizer.get_vocab_size())
        batches: Iterable[Any] = list(micro_batches(encodings, self.takes, tokens_per_run=budget))
        if progress:
            from edgebert.progress import track

            batches = track(batches, self.task)
        rows: list[Array] = [np.empty(0, np.float32)] * len(encodings)
        for batch in batches:
            answer = joined(self.task, self.session.run(self._outputs, batch.inputs))
            for position, row in rows_of(self.task, batch, answer, self._mask_id):
                rows[position] = row
        return rows

    def _require(self, task: str, verb: str) -> None:
        if self.task != task:
            raise InputError(
                f"{self.bundle.path} is a {self.task} bundle; {verb} needs one for {task}"
            )

    def _prompt(self, name: str | None) -> str:
        if not name:
            return self.default_prompt if name is None else ""
        if name not in self.manifest.prompts:
            known = ", ".join(self.manifest.prompts) or "none"
            raise InputError(f"{self.bundle.path} has no prompt {name!r}; it has: {known}")
        return self.manifest.prompts[name]


def _tokenized(texts: Sequence[str], encodings: Sequence[Any]) -> list[TokenizedText]:
    return [
        TokenizedText(text, encoding.offsets, encoding.word_ids)
        for text, encoding in zip(texts, encodings, strict=True)
    ]


def _answer(texts: Any, answers: Callable[[Sequence[Any]], Any]) -> Any:
    """Answer one text, a collection at once, or a stream chunk by chunk."""
    if isinstance(texts, str | bytes):
        return answers([texts])[0]
    if hasattr(texts, "__len__"):
        return answers(list(texts))
    if not isinstance(texts, Iterable):
        raise InputError(f"expected a text or texts, not {type(texts).__name__}")
    return _stream(iter(texts), answers)


def _stream(texts: Iterator[Any], answers: Callable[[Sequence[Any]], Iterable[A]]) -> Iterator[A]:
    while chunk := list(islice(texts, _STREAM_CHUNK)):
        yield from answers(chunk)
