"""The way of texts through a tokenizer and a graph, of one text, a list or a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, TypeVar

import tokenizers

from edgebert.bounds import check_number
from edgebert.errors import InputError
from edgebert.runtimes.calls import Call, Check, Given, Request
from edgebert.runtimes.graph_runs import GraphRuns
from edgebert.runtimes.parts import ToParts, in_parts, wholes, with_the_others
from edgebert.runtimes.readings import AtOnce, Encode, InParts, Reading
from edgebert.runtimes.scheduling import Scheduler
from edgebert.runtimes.sessions.engine import Engine
from edgebert.runtimes.windows import (
    Window,
    distinct,
    in_small_windows,
    repeated,
    several,
    windows_from,
    windows_of,
)
from edgebert.tasks.spec import ModelSpec
from edgebert.text.beginnings import encode_beginnings
from edgebert.text.encoding import Text, check_text, encode
from edgebert.text.long_texts import Answered, Cut, Whole, cut_at
from edgebert.text.readable import refusal_of

A = TypeVar("A")
T = TypeVar("T", bound=Text)

Through = Callable[[Iterator[Window[Any]]], Iterator[Any]]
"""What makes of texts what answers are read from."""


class TextPipeline:
    """Runs texts; safe to use from any thread.

    Args:
        spec: what the model is.
        engine: runs its graph.
        tokenizer: shared by all threads, and never changed.
    """

    def __init__(self, spec: ModelSpec, engine: Engine, tokenizer: tokenizers.Tokenizer) -> None:
        self.spec = spec
        self.engine = engine
        self.tokenizer = tokenizer
        mask_id = tokenizer.token_to_id(spec.mask_token) if spec.mask_token else None
        vocabulary = tokenizer.get_vocab_size()
        self.runs = GraphRuns(engine, spec.task, mask_id=mask_id, vocabulary=vocabulary)
        self._scheduler = Scheduler(self.runs)
        self.encode = partial(encode_beginnings, tokenizer, offsets=spec.task.reads_whole)

    @property
    def width(self) -> int:
        """Numbers in a vector, or logits in a row."""
        return int(self.engine.widths[self.spec.task.outputs[0]])

    # One text, a collection, a stream.

    def answer(self, call: Call, *, progress: bool = False) -> Any:
        """Answer a verb now.

        Args:
            call: the verb.
            progress: show a bar.
        """
        answers = [
            ask.answer
            if isinstance(ask, Given)
            else self.ask(ask.texts, ask.request, progress=progress)
            for ask in call.asks
        ]
        return call.result(*answers)

    def ask(self, texts: Any, request: Request[A], *, progress: bool = False) -> Any:
        """Answer one text, a collection, or a stream.

        Args:
            texts: what a public method was given.
            request: what is done to each.
            progress: show a bar.
        """
        through = self.through(request.reading)
        return self.each(texts, request.check, through, request.read, request.collect, progress)

    def each(
        self,
        texts: Any,
        check: Check,
        through: Through,
        read: Callable[[Any], A],
        collect: Callable[[Iterator[A], int], Any] = lambda answers, n: list(answers),
        progress: bool = False,
    ) -> Any:
        """Do the same to one text, a collection or a stream; arguments as in `Request`.

        Args:
            texts: what a public method was given.
            check, read, collect: as in `Request`.
            through: what the texts go through.
            progress: show a bar.
        """
        if isinstance(texts, str | bytes):
            (answered,) = self.run([check(texts, 0)], through)
            return read(answered)
        if several(texts):
            checked = [check(text, place) for place, text in enumerate(texts)]
            answers = self.run(checked, through, progress=progress)
            return collect(map(read, answers), len(checked))
        answers = through(windows_from(texts, check))
        return map(read, self._tracked(answers, None) if progress else answers)

    def run(
        self, texts: Sequence[Text], through: Through, *, progress: bool = False
    ) -> Iterator[Any]:
        """What each of some texts gave, in order; equal texts run once."""
        once, places = distinct(texts)
        answers = repeated(through(windows_of(once)), places)
        return self._tracked(answers, len(texts)) if progress else answers

    def _tracked(self, answers: Iterator[A], length: int | None) -> Iterator[A]:
        from edgebert.progress import track  # it needs click, which an app need not load

        return track(answers, self.spec.task.name, length)

    # What texts go through.

    def through(self, reading: Reading[Any]) -> Through:
        """What makes of texts what is found for them where so much is read of each."""
        if isinstance(reading, AtOnce):
            return partial(self.answers, encode=reading.encode)
        return partial(self.in_parts, to_parts=reading.parts)

    def answers(
        self, windows: Iterator[Window[T]], encode: Encode[T] | None = None
    ) -> Iterator[Answered[T]]:
        """What is read of each text at once, by default as the tokenizer cuts it."""
        most = self.spec.task.texts_per_window(self.tokenizer.get_vocab_size())
        small = in_small_windows(windows, most)
        return self._scheduler.answers(small, encode or self.encode)

    def in_parts(self, windows: Iterator[Window[T]], to_parts: ToParts[T]) -> Iterator[Whole[T]]:
        """All of each text, given what gives its parts."""
        parts = in_parts(windows, to_parts)
        return wholes(self._scheduler.answers(parts, lambda some: [one.encoding for one in some]))

    # How much is read.

    def at_once(self, max_length: int | None = None) -> AtOnce[Text]:
        """So many tokens of a text, by default as many as the bundle reads.

        Raises:
            InputError: the graph cannot read so few, or so many.
        """
        if max_length is None:
            return AtOnce(self.encode, self.spec.max_length)
        length = self.read_at_once(max_length)

        def beginnings(texts: Sequence[Text]) -> list[tokenizers.Encoding]:
            return encode_beginnings(self.cut(length, 0), texts, offsets=False)

        return AtOnce(beginnings, length, quick=False)

    def in_parts_of(self, max_length: int | None) -> InParts[Text]:
        """All of each text in parts of so many tokens, by default as many as the bundle reads.

        Raises:
            InputError: the graph cannot read so few, or so many.
        """
        length = self.read_at_once(max_length)

        def first_parts(texts: Sequence[Text]) -> list[tokenizers.Encoding]:
            cutting = self.tokenizer if max_length is None else self.cut(length, 0)
            return encode(cutting, texts, offsets=False)

        return InParts(with_the_others(first_parts))

    @property
    def in_overlapping_parts(self) -> InParts[Any]:
        """All of each text, or of the context of each question, in parts that overlap."""
        first = partial(
            self.spec.task.first_parts,
            tokenizer=self.tokenizer,
            cut=self.cut,
            max_length=self.spec.max_length,
        )
        return InParts(with_the_others(first))

    def counts(self, windows: Iterator[Window[Text]]) -> Iterator[int]:
        """Tokens of each whole text."""
        for window in windows:
            yield from map(len, encode(self.cut(None, 0), window.texts, offsets=False))

    def cut_off(self, windows: Iterator[Window[Text]]) -> Iterator[bool]:
        """Whether the tokenizer cuts something off each text."""
        for window in windows:
            for encoding in encode(self.tokenizer, window.texts, offsets=False):
                yield bool(encoding.overflowing)

    @cached_property
    def cut(self) -> Cut:
        """Tokenizers that cut elsewhere; the one that threads share is never changed."""
        return lru_cache(maxsize=4)(partial(cut_at, self.tokenizer))

    def read_at_once(self, max_length: int | None) -> int:
        """Tokens of a text that are read at once.

        Raises:
            InputError: the graph cannot read so few, or so many.
        """
        if max_length is None:
            return self.spec.max_length
        least = self.tokenizer.num_special_tokens_to_add(False) + 1
        return check_number("max_length", max_length, least, self.spec.max_length)

    # What items are read as.

    def prompted(self, prompt: str) -> Check:
        """Checks a text, and puts a prompt before it."""
        pairs = self.spec.task.reads_pairs

        def prompted(text: Any, place: int) -> Text:
            checked = check_text(text, place, pairs=pairs)
            return prompt + checked if isinstance(checked, str) else checked

        return prompted

    def readable(self, check: Check, *, whole: bool = False, most: int | None = None) -> Check:
        """The same check, which also refuses a text with a token that has no embedding.

        Args:
            check: what an item is read as, given its place.
            whole: whether all of a text is read.
            most: tokens that are read of it; by default those that the bundle reads.
        """

        def checked(item: Any, place: int) -> Any:
            text = check(item, place)
            refused = self.refusal(text, whole=whole, most=most)
            if refused is not None:
                raise InputError(f"text {place}: {refused}")
            return text

        return check if self.spec.embedding_rows is None else checked

    def refusal(self, text: Text, *, whole: bool = False, most: int | None = None) -> str | None:
        """Why a text would be refused for one of its tokens; arguments as for `readable`."""
        rows = self.spec.embedding_rows
        if rows is None:
            return None
        cut = self.cut(None if whole else most, 0) if whole or most else self.tokenizer
        (encoding,) = encode(cut, [text], offsets=False)
        return refusal_of(encoding.ids, rows, self.tokenizer.id_to_token)
