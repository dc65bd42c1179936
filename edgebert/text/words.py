"""Which characters a token stands for, and which tokens make a word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import tokenizers

_BLANK_PIECE = re.compile("[▁Ġ]*")
"""A blank as SentencePiece and byte-level vocabularies write it."""

_INVISIBLE = "\u200b\ufeff"
"""Blanks of no width, which `str.isspace` does not know."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Burmese
    "\u1780-\u17ff\u19e0-\u19ff"  # Khmer
    "\u1950-\u19df\u1a20-\u1aaf\uaa80-\uaadf"  # Tai
    "\u1b00-\u1b7f\ua980-\ua9df"  # Balinese, Javanese
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u303c"  # radicals, repetition of ideographs
    "\u3041-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\uff66-\uff9f"  # kana, Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uf900-\ufaff"  # ideographs, Yi
    "\U00016fe0-\U00018d8f\U0001aff0-\U0001b2ff\U00020000-\U0003ffff]"
)
"""Scripts that are written without spaces between words."""


@dataclass(frozen=True)
class TokenizedText:
    """A text as the tokenizer sees it.

    Attributes:
        offsets: for each token its characters (start, end) in `text`, without blanks around them;
            of a token that is nothing but a blank, and of a special token, start is end.
        word_ids: for each token the index of its word, None for special tokens.
    """

    text: str
    offsets: Sequence[tuple[int, int]]
    word_ids: Sequence[int | None]

    @classmethod
    def of(cls, text: str, encoding: tokenizers.Encoding) -> TokenizedText:
        pairs = zip(encoding.offsets, encoding.tokens, strict=True)
        offsets = [token_span(text, span, piece) for span, piece in pairs]
        return cls(text, offsets, encoding.word_ids)


@dataclass(frozen=True)
class Word:
    """Tokens that are labelled together, and their characters `start` to `end` (exclusive)."""

    start: int
    end: int
    tokens: tuple[int, ...]


def token_span(text: str, span: tuple[int, int], piece: str) -> tuple[int, int]:
    """The characters of a token, without the blanks that many tokenizers count among them.

    A blank that the tokenizer put before the text has no character of its own, though its offsets
    name the first one.

    Args:
        text: what was tokenized.
        span: the token's offsets as the tokenizer has them.
        piece: the token as its vocabulary writes it.

    Returns:
        Start and end; of a token that is nothing but a blank, both are its start.
    """
    start, (first, last) = span[0], span
    if _BLANK_PIECE.fullmatch(piece):
        return start, start
    while first < last and _is_blank(text[first]):
        first += 1
    while last > first and _is_blank(text[last - 1]):
        last -= 1
    return (first, last) if first < last else (start, start)


def single_tokens(tokenized: TokenizedText) -> list[Word]:
    """Each token by itself; those without characters are left out."""
    return [Word(start, end, (token,)) for token, _, start, end in _standing(tokenized)]


def whole_words(tokenized: TokenizedText) -> list[Word]:
    """The words of the tokenizer: of some all that stands between two spaces."""
    words: dict[int, list[int]] = {}
    for token, word, _, _ in _standing(tokenized):
        words.setdefault(word, []).append(token)
    return [_word(tokenized, tokens) for tokens in words.values()]


def split_words(tokenized: TokenizedText) -> list[Word]:
    """The words of the tokenizer, cut where a token begins after a word has ended.

    It ends at a blank, before and behind punctuation, and with each token of a script that is
    written without spaces. So words are alike for tokenizers that look for all of this and for
    those that only look for spaces.
    """
    return [
        _word(tokenized, tokens)
        for word in whole_words(tokenized)
        for tokens in _cut(tokenized, word.tokens)
    ]


def _standing(tokenized: TokenizedText) -> Iterator[tuple[int, int, int, int]]:
    """Token, word, start and end of all tokens that stand for characters."""
    for token, word in enumerate(tokenized.word_ids):
        start, end = tokenized.offsets[token]
        if word is not None and start < end:
            yield token, word, start, end


def _word(tokenized: TokenizedText, tokens: Sequence[int]) -> Word:
    start, end = tokenized.offsets[tokens[0]][0], tokenized.offsets[tokens[-1]][1]
    return Word(start, end, tuple(tokens))


def _cut(tokenized: TokenizedText, tokens: Sequence[int]) -> Iterable[list[int]]:
    parts = [[tokens[0]]]
    for before, token in pairwise(tokens):
        if _is_cut(tokenized.text, tokenized.offsets[before][1], tokenized.offsets[token][0]):
            parts.append([])
        parts[-1].append(token)
    return parts


def _is_cut(text: str, end: int, start: int) -> bool:
    """Whether a word ends at `end`, where the token that begins at `start` follows."""
    if start < end:  # bytes of one character, or of one that stands for several
        return False
    if any(map(_is_blank, text[end:start])):
        return True
    if unicodedata.category(text[start]) in ("Mn", "Mc", "Me", "Cf"):  # belongs to the one before
        return False
    return not (_joins(text[end - 1]) and _joins(text[start]))


def _joins(character: str) -> bool:
    """Whether it makes a word with its neighbours, in a script that has spaces between words."""
    if _UNSPACED.match(character):
        return False
    return character.isalnum() or unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")


def _is_blank(character: str) -> bool:
    return character.isspace() or character in _INVISIBLE
