"""The matrix of inputs on which a graph is compared with its reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_LENGTHS = (1, 2, 3, 15, 16, 17, 127, 128, 512)  # around the places where kernels change
_MASK_TOKENS = 160  # wider than the usual local window of 128, so that masks meet its edges
_SHORT = 16
_TOKENS = 512  # of a batch of real texts: several of different lengths


@dataclass(frozen=True)
class InputSpace:
    """What a graph may be fed.

    Attributes:
        names: inputs of the graph.
        vocabulary_size: ids are below it.
        pad_id: the id that stands where nothing is. Some families count positions by it, so it
            is never drawn for a real token.
        max_length: longest input in tokens.
        fixed_shape: batch and tokens of every input, where the graph takes no other.
    """

    names: tuple[str, ...]
    vocabulary_size: int
    pad_id: int
    max_length: int
    fixed_shape: tuple[int, int] | None = None

    @property
    def longest(self) -> int:
        tokens = self.fixed_shape[1] if self.fixed_shape else self.max_length
        return min(tokens, self.max_length)


@dataclass(frozen=True)
class Batch:
    """One input of the graph.

    Attributes:
        name: what is special about it.
        inputs: int64 [batch, tokens] under each name.
        of_texts: whether the ids are those of real texts.
    """

    name: str
    inputs: dict[str, Ids]
    of_texts: bool = False

    @property
    def is_long(self) -> bool:
        """Whether attention over it, quadratic in tokens, costs far more than all others."""
        return bool(self.mask.shape[1] > _LENGTHS[-1])

    @property
    def mask(self) -> Mask:
        """True where a token is real, bool [batch, tokens]."""
        return self.inputs["attention_mask"].astype(bool)


def parity_batches(space: InputSpace, texts: Mapping[str, Ids]) -> tuple[Batch, ...]:
    """Batches that tell kinds of mistakes apart, the same ones for the same arguments.

    Lengths come alone and without padding, for they are about kernels. Every kind of mask has a
    batch of its own, for it is about the graph: right and left padding, holes, and a row that is
    all padding. Token types are 0 wherever they are not what is tried. A graph of fixed shape
    gets all of this, cut and padded to its shape.

    Args:
        space: what the graph may be fed.
        texts: tokens of real texts, int64 [texts, tokens], padded.
    """
    random = np.random.default_rng(0)
    batches = [*_by_own_names(_text_batches(space, texts))]
    for name, mask in _masks(space.longest):
        batches.append(Batch(name, _draw(random, space, mask)))
    if "token_type_ids" in space.names:
        batches.extend(_token_type_batches(random, space))
    if space.fixed_shape is None:
        return tuple(batches)
    return tuple(part for batch in batches for part in _in_shape(batch, space, space.fixed_shape))


def _by_own_names(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The same batches, of which no two have one name: whatever failed is found again by it."""
    seen: Counter[str] = Counter()
    for batch in batches:
        seen[batch.name] += 1
        again = seen[batch.name]
        yield batch if again == 1 else replace(batch, name=f"{batch.name} ({again})")


def _masks(longest: int) -> Iterator[tuple[str, Mask]]:
    """Each kind of mask, bool [batch, tokens]."""
    for length in sorted({n for n in _LENGTHS if n < longest} | {longest}):
        yield f"length {length}", np.ones((1, length), bool)
    ragged = _ragged(min(longest, _MASK_TOKENS))
    yield "right padding", ragged
    yield "left padding", ragged[[1, 3], ::-1]
    yield "holes", _holes(min(longest, _MASK_TOKENS))
    short = _ragged(min(longest, _SHORT))[[3, 0, 2]]
    short[1] = False
    yield "all-padding row", short


def _ragged(tokens: int) -> Mask:
    lengths = [1, max(1, tokens // 3), max(1, tokens // 2), tokens]
    return np.arange(tokens) < np.asarray(lengths)[:, None]


def _holes(tokens: int) -> Mask:
    """A gap in the middle, every other token, and a gap at the front and here and there."""
    place = np.arange(tokens)
    mask = np.stack(
        [
            (place < tokens // 3) | (place >= tokens // 2),
            place % 2 == 0,
            (place > tokens // 5) & (place % 5 > 0),
        ]
    )
    mask[~mask.any(axis=1), 0] = True  # in one token there is no room for a hole
    return mask


def _draw(random: np.random.Generator, space: InputSpace, mask: Mask) -> dict[str, Ids]:
    """Random ids under a mask, any but that of padding; token types are 0."""
    ids = random.integers(0, max(space.vocabulary_size - 1, 1), mask.shape)
    ids += ids >= space.pad_id
    inputs = {
        "input_ids": np.where(mask, ids, space.pad_id),
        "attention_mask": mask.astype(np.int64),
        "token_type_ids": np.zeros(mask.shape, np.int64),
    }
    return {name: inputs[name] for name in space.names}


def _token_type_batches(random: np.random.Generator, space: InputSpace) -> Iterator[Batch]:
    tokens = min(space.longest, _SHORT)
    for name, first in (("all 1", 0), ("0 then 1", (tokens + 1) // 2)):
        inputs = _draw(random, space, np.ones((1, tokens), bool))
        inputs["token_type_ids"] = (np.arange(tokens) >= first).astype(np.int64)[None]
        yield Batch(f"token types {name}", inputs)


def _text_batches(space: InputSpace, texts: Mapping[str, Ids]) -> Iterator[Batch]:
    """The texts as a caller would batch them: by length, padded on the right."""
    real = texts["attention_mask"].astype(bool)
    order = sorted(range(len(real)), key=lambda row: int(real[row].sum()))
    group: list[int] = []
    for row in order:  # ascending, so each newcomer is the longest of its group
        if group and (len(group) + 1) * min(real[row].sum(), space.longest) > _TOKENS:
            yield _text_batch(space, texts, group)
            group = []
        group.append(row)
    if group:
        yield _text_batch(space, texts, group)


def _text_batch(space: InputSpace, texts: Mapping[str, Ids], rows: list[int]) -> Batch:
    real = texts["attention_mask"].astype(bool)
    tokens = min(int(real[rows].sum(axis=1).max()), space.longest)
    inputs = {}
    for name in space.names:
        inputs[name] = np.full((len(rows), tokens), _padding(name, space), np.int64)
        for i, row in enumerate(rows):
            if name in texts:  # some tokenizers leave token types out where all are 0
                values = texts[name][row][real[row]][:tokens]
                inputs[name][i, : len(values)] = values
    return Batch(f"texts of up to {tokens} tokens", inputs, of_texts=True)


def _in_shape(batch: Batch, space: InputSpace, shape: tuple[int, int]) -> Iterator[Batch]:
    """The rows of a batch in batches of a fixed shape; the last one repeats rows to be full."""
    rows, tokens = shape
    count = len(batch.mask)
    for first in range(0, count, rows):
        chosen = np.arange(first, first + rows) % count
        inputs = {
            name: np.pad(
                values[chosen],
                ((0, 0), (0, tokens - values.shape[1])),
                constant_values=_padding(name, space),
            )
            for name, values in batch.inputs.items()
        }
        name = batch.name if count <= rows else f"{batch.name}, rows from {first}"
        yield Batch(name, inputs, batch.of_texts)


def _padding(name: str, space: InputSpace) -> int:
    return space.pad_id if name == "input_ids" else 0
