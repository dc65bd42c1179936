"""Questions with their contexts, in windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import tokenizers
from transformers import PreTrainedTokenizerBase

from edgebert.data import Examples, Text
from edgebert.errors import InputError
from edgebert.tasks.questions import encode_contexts, no_room, rooms
from edgebert.tasks.terms import ONLY_SECOND
from edgebert.text.long_texts import Cut, cut_at, parts_in_order
from edgebert.training.tasks.encoding import Encoded

_AT_ONCE = 512  # questions whose tokens are in memory with all that a tokenizer tells of them

Pair = tuple[str, str]
Window = tokenizers.Encoding


@dataclass(frozen=True)
class ContextReader:
    """Reads questions with their contexts in windows, as a bundle of the model will.

    Attributes:
        tokenizer: cuts contexts, never questions.
        names: of the model's inputs.
    """

    tokenizer: tokenizers.Tokenizer
    max_length: int
    names: tuple[str, ...]
    pad_id: int

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> ContextReader:
        own = tokenizers.Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        own.no_padding()
        length = tokenizer.model_max_length
        own.enable_truncation(
            length, strategy=ONLY_SECOND, direction=tokenizer.truncation_side or "right"
        )
        names = tuple(name for name in tokenizer.model_input_names if name != "attention_mask")
        return cls(own, length, names, tokenizer.pad_token_id)

    @cached_property
    def _cut(self) -> Cut:
        return lru_cache(maxsize=8)(partial(cut_at, self.tokenizer))

    def windows(self, pairs: Sequence[Pair]) -> Iterator[list[Window]]:
        """The windows of each context, in the order of its text."""
        for start in range(0, len(pairs), _AT_ONCE):
            some = pairs[start : start + _AT_ONCE]
            yield from map(parts_in_order, encode_contexts(some, self._cut, self.max_length))

    def refuse_long_questions(self, examples: Examples, pairs: Sequence[Pair]) -> None:
        """Refuse a question that leaves nothing of its context to be read.

        Raises:
            InputError: there is one.
        """
        for begin in range(0, len(pairs), _AT_ONCE):
            questions = [question for question, _ in pairs[begin : begin + _AT_ONCE]]
            left = rooms(questions, self._cut, self.max_length)
            if 0 in left:
                where = examples.where(begin + left.index(0))
                raise InputError(f"{where}: {no_room(self.max_length)}")

    def inputs_of(self, window: Window) -> dict[str, list[int]]:
        told = {"input_ids": window.ids, "token_type_ids": window.type_ids}
        return {name: told[name] for name in self.names}

    def encode(self, windows: Iterable[Window]) -> Encoded:
        """What a model reads of windows."""
        columns: dict[str, list[list[int]]] = {name: [] for name in self.names}
        for window in windows:
            for name, values in self.inputs_of(window).items():
                columns[name].append(values)
        return Encoded(columns, self.pad_id)


def pairs_of_questions(texts: Sequence[Text]) -> tuple[Pair, ...]:
    """Texts as questions with their contexts.

    Raises:
        InputError: a text that stands alone.
    """
    for text in texts:
        if isinstance(text, str):
            raise InputError(
                f"a reader is asked questions about contexts, and {shortened(text)!r} stands alone: "
                "give columns question and context"
            )
    return tuple((text[0], text[1]) for text in texts)


def shortened(text: str) -> str:
    """A text as a message shows it."""
    return text if len(text) <= 60 else f"{text[:60]}..."
