"""Texts to tokens: validation, tokenization, and micro-batches of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import tokenizers

from edgebert.errors import BundleError, InputError
from edgebert.records.profile import TOKENS_PER_RUN

if TYPE_CHECKING:
    import onnxruntime

Text = str | tuple[str, str]
Integers = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class GraphInputs:
    """What a graph takes.

    Attributes:
        names: of its inputs.
        dtype: int64 or int32, of all of them.
        shape: batch and tokens, where it takes no other.
    """

    names: tuple[str, ...]
    dtype: type[np.int64 | np.int32] = np.int64
    shape: tuple[int, int] | None = None

    @classmethod
    def of(cls, session: onnxruntime.InferenceSession) -> GraphInputs:
        inputs = session.get_inputs()
        shape = inputs[0].shape
        return cls(
            names=tuple(value.name for value in inputs),
            dtype=np.int32 if inputs[0].type == "tensor(int32)" else np.int64,
            shape=tuple(shape) if [type(size) for size in shape] == [int, int] else None,
        )


@dataclass(frozen=True)
class MicroBatch:
    """Texts that run together; `positions` are their places in the caller's list.

    Attributes:
        inputs: graph input name to integers [batch, sequence], padded on the right, and below
            where the graph takes more texts.
        encodings: of the texts.
    """

    positions: tuple[int, ...]
    inputs: dict[str, Integers]
    encodings: tuple[tokenizers.Encoding, ...]


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


def micro_batches(
    encodings: Sequence[tokenizers.Encoding],
    takes: GraphInputs,
    *,
    tokens_per_run: int = TOKENS_PER_RUN,
) -> Iterator[MicroBatch]:
    """Group encodings of similar length, at most `tokens_per_run` padded tokens to a group.

    A graph of fixed shape gets as many texts at a time as it takes.
    """
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i]))
    group: list[int] = []
    for position in order:  # ascending, so each newcomer is the longest of its group
        if group and _is_full(len(group), len(encodings[position]), takes, tokens_per_run):
            yield _batch(encodings, group, takes)
            group = []
        group.append(position)
    if group:
        yield _batch(encodings, group, takes)


def pad(encodings: Sequence[tokenizers.Encoding], takes: GraphInputs) -> dict[str, Integers]:
    """Inputs of a graph, [texts, longest] or the graph's own shape, filled up with zeros."""
    columns = {
        "input_ids": [encoding.ids for encoding in encodings],
        "attention_mask": [encoding.attention_mask for encoding in encodings],
        "token_type_ids": [encoding.type_ids for encoding in encodings],
    }
    shape = takes.shape or (len(encodings), max(map(len, encodings)))
    inputs: dict[str, Integers] = {name: np.zeros(shape, takes.dtype) for name in takes.names}
    for name, padded in inputs.items():
        for row, values in enumerate(columns[name]):
            padded[row, : len(values)] = values
    return inputs


def _is_full(texts: int, tokens: int, takes: GraphInputs, tokens_per_run: int) -> bool:
    """Whether a group of so many texts has no room for one more of so many tokens."""
    if takes.shape:
        return texts == takes.shape[0]
    return (texts + 1) * tokens > tokens_per_run


def _batch(
    encodings: Sequence[tokenizers.Encoding], group: list[int], takes: GraphInputs
) -> MicroBatch:
    members = tuple(encodings[position] for position in group)
    return MicroBatch(tuple(group), pad(members, takes), members)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
