"""The two tokenizers of a translator, and which characters the source's does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

import tokenizers

from edgebert.text.long_texts import cut_at
from edgebert.text.sentences import Span

_WORDS_AND_SYMBOLS = re.compile(r"\w+|[^\w\s]")


class TranslatorTokenizers:
    """Reads sources and writes targets; safe to use from any thread.

    Args:
        source: cuts what is longer than the model reads.
        target: of what the decoder writes.
        max_length: tokens of a source that are read at once.
    """

    def __init__(
        self, source: tokenizers.Tokenizer, target: tokenizers.Tokenizer, max_length: int
    ) -> None:
        self.max_length = max_length
        self._whole = cut_at(source, None, 0)
        self._target = target
        self._unknown = _unknown_id(self._whole)
        self._is_unknown = lru_cache(maxsize=8192)(self._reads_unknown)

    def read(self, texts: Sequence[str]) -> list[tokenizers.Encoding]:
        """Tokens of sources, all of them, with their characters."""
        return self._whole.encode_batch(list(texts))

    def fits(self, encoding: tokenizers.Encoding) -> bool:
        """Whether a source is read at once."""
        return len(encoding) <= self.max_length

    def written(self, tokens: Sequence[int]) -> str:
        """What the tokens of a target say."""
        return self._target.decode(list(tokens))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of targets, without those that begin and end one."""
        return [encoding.ids for encoding in self._target.encode_batch_fast(list(texts))]

    def unread(self, text: str, encoding: tokenizers.Encoding) -> list[Span]:
        """Characters of a source that its tokenizer does not know."""
        if self._unknown is None or self._unknown not in encoding.ids:
            return []
        found: list[Span] = []
        for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if token == self._unknown and start < end:
                for span in self._parts(text, start, end):
                    if found and span.start <= found[-1].end:
                        found[-1] = Span(found[-1].start, max(span.end, found[-1].end))
                    else:
                        found.append(span)
        return found

    def _parts(self, text: str, start: int, end: int) -> list[Span]:
        """What of a token that is not known is not known by itself, its words and its symbols."""
        parts = [Span(*part.span()) for part in _WORDS_AND_SYMBOLS.finditer(text, start, end)]
        unknown = [part for part in parts if self._is_unknown(text[part.start : part.end])]
        return unknown or [Span(start, end)]

    def _reads_unknown(self, part: str) -> bool:
        return self._unknown in self._whole.encode(part, add_special_tokens=False).ids


def _unknown_id(tokenizer: tokenizers.Tokenizer) -> int | None:
    """The id that stands for what is not known; None where all is."""
    if isinstance(tokenizer.model, tokenizers.models.Unigram):
        number = json.loads(tokenizer.to_str())["model"].get("unk_id")
        return None if number is None else int(number)
    name = getattr(tokenizer.model, "unk_token", None)
    return tokenizer.token_to_id(name) if name else None
