"""Texts to tokens: validation and tokenization."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tokenizers

from edgebert.errors import BundleError, InputError

Text = str | tuple[str, str]


def open_tokenizer(path: Path) -> tokenizers.Tokenizer:
    """Open a bundle's tokenizer; it truncates as its file says, and padding is ours.

    Raises:
        BundleError: the file is not a tokenizer.
    """
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise BundleError(f"{path} is damaged: {error}") from error
    tokenizer.no_padding()
    return tokenizer


def check_text(text: Any, place: int, *, pairs: bool) -> Text:
    """Return the text, or say what it is instead.

    Args:
        text: of a list or a stream.
        place: there, counted from 0.
        pairs: whether a pair of texts is one too.

    Raises:
        InputError: it is neither text nor (where `pairs` are read) a pair of texts, or it holds
            half of a surrogate pair, which no UTF-8 file can hold.
    """
    sides = text if pairs and isinstance(text, tuple) and len(text) == 2 else (text,)
    for side in sides:
        if not isinstance(side, str):
            raise InputError(f"text {place}: expected str, not {type(side).__name__}")
        if not _is_unicode(side):
            raise InputError(f"text {place}: holds a lone surrogate, so it is not Unicode text")
    return text  # type: ignore[no-any-return]


def encode(
    tokenizer: tokenizers.Tokenizer, texts: Sequence[Text], *, offsets: bool = True
) -> list[tokenizers.Encoding]:
    """Tokens of each text, cut where the tokenizer says.

    Args:
        tokenizer: of the bundle.
        texts: texts, or pairs of them.
        offsets: whether it matters which characters a token stands for; it takes time.

    Raises:
        InputError: nothing can be cut: a question alone is too long, or has no context.
    """
    read = tokenizer.encode_batch if offsets else tokenizer.encode_batch_fast
    try:
        encodings: list[tokenizers.Encoding] = read(list(texts))
    except Exception as error:  # tokenizers raises bare Exception
        cut = tokenizer.truncation or {}
        if cut.get("strategy") != "only_second":
            raise
        raise InputError(
            f"a question is longer than the {cut['max_length']} tokens that are read, or stands "
            "without its context"
        ) from error
    return encodings


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
