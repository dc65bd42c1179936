"""A loaded bundle: texts in, vectors, labels and entities out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from edgebert.bundle import Bundle
from edgebert.errors import InputError
from edgebert.records.manifest import (
    EMBEDDINGS,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.runtimes.answers import Array, Classification, Entity, read_classification
from edgebert.runtimes.encoding import GraphInputs, Text, check_text, encode
from edgebert.runtimes.engine import Engine
from edgebert.runtimes.entities import TokenizedText, decode_entities
from edgebert.runtimes.outputs import answer_outputs
from edgebert.runtimes.scheduling import Answered, Scheduler
from edgebert.runtimes.windows import Window, distinct, repeated, windows_from, windows_of

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

A = TypeVar("A")
T = TypeVar("T", bound=Text)


class Model:
    """A bundle that is ready to run. Made by `edgebert.load`."""

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        tokenizer: tokenizers.Tokenizer,
        *,
        again: Callable[[], Model] | None = None,
    ) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.engine = engine
        self.tokenizer = tokenizer
        self._again = again
        mask_id = tokenizer.token_to_id(self.mask_token) if self.mask_token else None
        self._scheduler = Scheduler(
            engine, self.task, mask_id=mask_id, vocabulary=tokenizer.get_vocab_size()
        )
        offsets = self.task in (TOKEN_CLASSIFICATION, QUESTION_ANSWERING)
        self._encode = partial(encode, tokenizer, offsets=offsets)

    def __repr__(self) -> str:
        return f"<edgebert model {str(self.bundle.path)!r}: {self.manifest.precision} {self.task}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        """Go to another process by name: it loads the same bundle, or says that it was replaced."""
        if self._again is None:
            raise TypeError("only a model that edgebert.load made goes to another process")
        return self._again, ()

    def close(self) -> None:
        """Give memory and threads back; every later call raises InputError."""
        self.engine.close()

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
    def session(self) -> onnxruntime.InferenceSession:
        """The session that a run has when it is alone."""
        return self.engine.session

    @property
    def takes(self) -> GraphInputs:
        return self.engine.takes

    @property
    def provider(self) -> str:
        """The execution provider that onnxruntime really took."""
        return self.engine.provider

    @property
    def width(self) -> int:
        """Numbers in an embedding, or logits in a row."""
        return int(self.engine.widths[answer_outputs(self.task)[0]])

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

        def prompted(text: Any, place: int) -> str:
            return before + str(check_text(text, place, pairs=False))

        def matrix(rows: Iterator[Array], n: int) -> Array:
            return np.fromiter(rows, np.dtype((np.float32, (self.width,))), count=n)

        return self._answer(texts, prompted, lambda a: a.row, matrix, progress=progress)

    def classify(self, texts: Any, *, progress: bool = False) -> Any:
        """Classify texts; in a list, a pair of texts is a tuple of two.

        Returns:
            One `Classification` for one text, a list of them for a list of texts, and for any
            other iterable an iterator.

        Raises:
            InputError: the bundle is not a text classifier, or an item is not a text.
        """
        self._require(TEXT_CLASSIFICATION, "classify")

        def classification(answered: Answered[Text]) -> Classification:
            return read_classification(
                answered.row, self.labels, scoring=self.scoring, multi_label=self.multi_label
            )

        check = partial(check_text, pairs=True)
        return self._answer(texts, check, classification, progress=progress)

    def tag(self, texts: Any, *, progress: bool = False) -> Any:
        """Find the entities in texts.

        Returns:
            A list of `Entity` for one text, a list of such lists for a list of texts, and for any
            other iterable an iterator.

        Raises:
            InputError: the bundle is not a token classifier, or an item is not a text.
        """
        self._require(TOKEN_CLASSIFICATION, "tag")

        def entities(answered: Answered[str]) -> list[Entity]:
            encoding = answered.encoding
            tokenized = TokenizedText(answered.text, encoding.offsets, encoding.word_ids)
            return decode_entities(tokenized, answered.row, self.labels)

        check = partial(check_text, pairs=False)
        return self._answer(texts, check, entities, progress=progress)

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Raw output of the graph for each text, in order.

        Returns:
            float32 arrays: [dim] for embeddings, [labels] for a text classifier, [tokens, labels]
            for a token classifier, [tokens, 2] (where an answer starts, where it ends) for
            question answering, [masks, vocabulary] for fill-mask.
        """
        return [answered.row for answered in self._of_list(texts, progress=progress)]

    def tokenized(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Tokens of each text, with the characters and the word each one stands for."""
        return [
            TokenizedText(text, encoding.offsets, encoding.word_ids)
            for text, encoding in zip(texts, encode(self.tokenizer, texts), strict=True)
        ]

    def _answer(
        self,
        texts: Any,
        check: Callable[[Any, int], Any],
        read: Callable[[Answered[Any]], A],
        collect: Callable[[Iterator[A], int], Any] = lambda answers, n: list(answers),
        *,
        progress: bool,
    ) -> Any:
        """Answer one text, a collection, or a stream.

        Args:
            texts: what a public method was given.
            check: what an item of it is read as, given its place, or an error.
            read: makes the answer of what the graph gave.
            collect: makes the answer for a collection of so many texts.
            progress: show a bar.
        """
        if isinstance(texts, str | bytes):
            (answered,) = self._of_list([check(texts, 0)])
            return read(answered)
        if hasattr(texts, "__len__"):
            checked = [check(text, place) for place, text in enumerate(texts)]
            return collect(map(read, self._of_list(checked, progress=progress)), len(checked))
        if not isinstance(texts, Iterable):
            raise InputError(f"expected a text or texts, not {type(texts).__name__}")
        answers = self._of_windows(windows_from(texts, check))
        return map(read, _tracked(answers, self.task, None) if progress else answers)

    def _of_list(self, texts: Sequence[T], *, progress: bool = False) -> Iterator[Answered[T]]:
        once, places = distinct(texts)
        answers = repeated(self._of_windows(windows_of(once)), places)
        return _tracked(answers, self.task, len(texts)) if progress else answers

    def _of_windows(self, windows: Iterator[Window[T]]) -> Iterator[Answered[T]]:
        return self._scheduler.answers(windows, self._encode)

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


def _tracked(answers: Iterator[A], label: str, length: int | None) -> Iterator[A]:
    from edgebert.progress import track  # it needs click, which an app need not load

    return track(answers, label, length)
