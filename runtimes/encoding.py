"""Texts to tokens: validation, tokenization, and micro-batches of similar length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers

from edgebert.errors import BundleError, InputError

Text = str | tuple[str, str]

TOKENS_PER_RUN = 512
"""Tokens in one micro-batch: enough to keep the GEMMs busy, few enough to stay in cache."""


@dataclass(frozen=True)
class MicroBatch:
    """Texts that run together; `positions` are their places in the caller's list.

    Attributes:
        inputs: graph input name to int64 [batch, sequence], padded on the right.
        lengths: tokens of each text.
    """

    positions: tuple[int, ...]
    inputs: dict[str, npt.NDArray[np.int64]]
    lengths: tuple[int, ...]


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


def check_texts(texts: Sequence[Any], *, pairs: bool) -> list[Text]:
    """Return the texts, or say which one is none.

    Raises:
        InputError: an item that is neither text nor (where `pairs` are read) a pair of texts, or
            that holds half of a surrogate pair, which no UTF-8 file can hold.
    """
    for index, text in enumerate(texts):
        sides = text if pairs and isinstance(text, tuple) and len(text) == 2 else (text,)
        for side in sides:
            if not isinstance(side, str):
                raise InputError(f"text {index}: expected str, not {type(side).__name__}")
            if not _is_unicode(side):
                raise InputError(f"text {index}: holds a lone surrogate, so it is not Unicode text")
    return list(texts)


def encode(tokenizer: tokenizers.Tokenizer, texts: Sequence[Text]) -> list[tokenizers.Encoding]:
    encodings: list[tokenizers.Encoding] = tokenizer.encode_batch(list(texts))
    return encodings


def micro_batches(
    encodings: Sequence[tokenizers.Encoding], names: Iterable[str]
) -> Iterator[MicroBatch]:
    """Group encodings of similar length, at most `TOKENS_PER_RUN` padded tokens to a group."""
    names = tuple(names)
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i]))
    group: list[int] = []
    for position in order:  # ascending, so each newcomer is the longest of its group
        if group and (len(group) + 1) * len(encodings[position]) > TOKENS_PER_RUN:
            yield _pad(encodings, group, names)
            group = []
        group.append(position)
    if group:
        yield _pad(encodings, group, names)


def _pad(
    encodings: Sequence[tokenizers.Encoding], group: list[int], names: tuple[str, ...]
) -> MicroBatch:
    members = [encodings[position] for position in group]
    lengths = tuple(len(member) for member in members)
    columns = {
        "input_ids": [member.ids for member in members],
        "attention_mask": [member.attention_mask for member in members],
        "token_type_ids": [member.type_ids for member in members],
    }
    inputs = {name: np.zeros((len(members), max(lengths)), np.int64) for name in names}
    for name, padded in inputs.items():
        for row, values in enumerate(columns[name]):
            padded[row, : len(values)] = values
    return MicroBatch(tuple(group), inputs, lengths)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
