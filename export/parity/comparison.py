"""One answer of a graph beside the reference's, at the places where both mean something."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edgebert.arrays import Array
from edgebert.export.parity.batches import Batch, Ids, Mask
from edgebert.measures.similarity import cosines
from edgebert.records.made import ParityCase
from edgebert.tasks.base import Task
from edgebert.tasks.terms import SHARED_HIDDEN

_LARGEST = 2**22  # values of one output that are kept: 16 MB


@dataclass(frozen=True)
class Reading:
    """How the outputs of a graph are to be read.

    Attributes:
        names: the outputs, in the order in which the graph is asked for them.
        task: what the graph is for, where that is known.
        zero_padding: whether the vector of a row that is all padding has to be zero.
    """

    names: tuple[str, ...]
    task: Task | None
    zero_padding: bool

    def places(self, output: str, mask: Mask) -> Mask:
        """Where an output is compared: bool [batch, tokens] if it has a row a token, else [batch].

        The logits of a text are left out where its first token is masked: most heads read it.
        """
        assert self.task is not None
        rows: Mask = mask if output == SHARED_HIDDEN else self.task.compared_rows(mask)
        return rows

    def values(self, output: str, array: Array, mask: Mask) -> Array:
        """The values that are compared, [places, columns].

        Of an output as wide as a vocabulary, a long batch keeps every n-th column: there the
        question is where a token stands, and short batches compare all columns.
        """
        places = self.places(output, mask)
        if array.ndim > places.ndim:
            array = array[..., :: _stride(array, places)]
        chosen = np.asarray(array[places])
        return chosen.reshape(len(chosen), math.prod(chosen.shape[1:]))  # there may be none

    def index(self, output: str, array: Array, mask: Mask, flat: int) -> tuple[int, ...]:
        """Index into `array` of the value at `flat` of what `values` gives."""
        places = self.places(output, mask)
        if array.ndim == places.ndim:
            return tuple(int(i) for i in np.argwhere(places)[flat])
        stride = _stride(array, places)
        place, column = divmod(flat, len(range(0, array.shape[-1], stride)))
        return (*(int(i) for i in np.argwhere(places)[place]), column * stride)


@dataclass(frozen=True)
class Expected:
    """What the reference answers to a batch without its all-padding rows.

    Attributes:
        batch: all of it.
        values: what is compared of each output, as from `Reading.values`.
        shapes: what the shape of each output is with those rows.
    """

    batch: Batch
    values: dict[str, Array]
    shapes: dict[str, tuple[int, ...]]


def expect(
    batch: Batch, reading: Reading, run: Callable[[dict[str, Ids]], Mapping[str, Array]]
) -> Expected:
    """Ask the reference, without the rows that are all padding: they may not influence others."""
    rows = np.flatnonzero(batch.mask.any(axis=1))
    if not rows.size:
        return Expected(batch, {}, {})
    outputs = run({name: values[rows] for name, values in batch.inputs.items()})
    return Expected(
        batch,
        {name: reading.values(name, outputs[name], batch.mask[rows]) for name in reading.names},
        {name: (len(batch.mask), *outputs[name].shape[1:]) for name in reading.names},
    )


@dataclass(frozen=True)
class _Difference:
    """The largest difference in one output; nan where a value is no number."""

    output: str
    largest: float
    where: tuple[int, ...]
    scale: float = 0.0
    min_cosine: float = 1.0

    @property
    def badness(self) -> float:
        return float(np.nan_to_num(self.largest, nan=np.inf))


def compare(
    expected: Expected, found: Mapping[str, Array], reading: Reading, session: str
) -> ParityCase:
    """The worst difference between the reference's and a graph's answer to one batch.

    Raises:
        ValueError: an output has another shape than the reference's.
    """
    mask = expected.batch.mask
    with np.errstate(invalid="ignore"):  # what is no number shows in the difference
        differences = [
            difference
            for output in reading.names
            for difference in (
                *_at_real_rows(expected, output, found[output], reading),
                *_at_padding_rows(mask, output, found[output], reading),
            )
        ]
    nothing = _Difference("", 0.0, ())  # where no place means anything
    worst = max(differences, key=lambda difference: difference.badness, default=nothing)
    return ParityCase(
        name=expected.batch.name,
        batch=mask.shape[0],
        length=mask.shape[1],
        max_abs=worst.largest,
        min_cosine=min((difference.min_cosine for difference in differences), default=1.0),
        session=session,
        output=worst.output,
        where=worst.where,
        scale=worst.scale,
    )


def _at_real_rows(
    expected: Expected, output: str, found: Array, reading: Reading
) -> list[_Difference]:
    mask = expected.batch.mask
    rows = np.flatnonzero(mask.any(axis=1))
    reference = expected.values.get(output)
    if reference is None or not reference.size:
        return []
    if found.shape != expected.shapes[output]:
        raise ValueError(f"{output} is {found.shape}, PyTorch's {expected.shapes[output]}")
    values = reading.values(output, found[rows], mask[rows])
    difference = np.abs(reference - values)
    flat = int(np.argmax(np.nan_to_num(difference, nan=np.inf)))
    row, *rest = reading.index(output, found[rows], mask[rows], flat)
    shape = reference.shape if reference.shape[1] > 1 else (1, -1)  # a lone number has no angle
    return [
        _Difference(
            output,
            largest=float(difference.flat[flat]),
            where=(int(rows[row]), *rest),
            scale=float(np.sqrt(np.mean(np.square(reference, dtype=np.float64)))),
            min_cosine=float(cosines(reference.reshape(shape), values.reshape(shape)).min()),
        )
    ]


def _at_padding_rows(mask: Mask, output: str, found: Array, reading: Reading) -> list[_Difference]:
    """A row that is all padding has to be finite, and its vector zero."""
    rows = np.flatnonzero(~mask.any(axis=1))
    if not rows.size:
        return []
    zero = reading.zero_padding and output == "sentence_embedding"
    wrong = np.abs(found[rows]) if zero else np.where(np.isfinite(found[rows]), 0.0, np.nan)
    wrong = np.where(np.isfinite(found[rows]), wrong, np.nan)
    flat = int(np.argmax(np.nan_to_num(wrong, nan=np.inf)))
    row, *rest = (int(i) for i in np.unravel_index(flat, wrong.shape))
    return [_Difference(output, float(wrong.flat[flat]), (int(rows[row]), *rest))]


def _stride(array: Array, places: Mask) -> int:
    values = int(places.sum()) * int(array.shape[-1])
    return max(1, -(-values // _LARGEST))
