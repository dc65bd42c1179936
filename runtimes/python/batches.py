"""Tokens to the inputs of a graph: micro-batches of similar length, padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tokenizers

from edgebert.arrays import Array, Integers
from edgebert.records.profile import TOKENS_PER_RUN
from edgebert.tasks.base import Task

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True)
class InputSpec:
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
    def of(cls, session: onnxruntime.InferenceSession) -> InputSpec:
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


def micro_batches(
    encodings: Sequence[tokenizers.Encoding],
    spec: InputSpec,
    *,
    tokens_per_run: int = TOKENS_PER_RUN,
) -> Iterator[MicroBatch]:
    """Group encodings of similar length, at most `tokens_per_run` padded tokens to a group.

    A graph of fixed shape gets as many texts at a time as it takes.
    """
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i]))
    group: list[int] = []
    for position in order:  # ascending, so each newcomer is the longest of its group
        if group and _is_full(len(group), len(encodings[position]), spec, tokens_per_run):
            yield _batch(encodings, group, spec)
            group = []
        group.append(position)
    if group:
        yield _batch(encodings, group, spec)


def pad(encodings: Sequence[tokenizers.Encoding], spec: InputSpec) -> dict[str, Integers]:
    """Inputs of a graph, [texts, longest] or the graph's own shape, filled up with zeros."""
    columns = {
        "input_ids": [encoding.ids for encoding in encodings],
        "attention_mask": [encoding.attention_mask for encoding in encodings],
        "token_type_ids": [encoding.type_ids for encoding in encodings],
    }
    shape = spec.shape or (len(encodings), max(1, *map(len, encodings)))
    inputs: dict[str, Integers] = {name: np.zeros(shape, spec.dtype) for name in spec.names}
    for name, padded in inputs.items():
        for row, values in enumerate(columns[name]):
            padded[row, : len(values)] = values
    return inputs


def _is_full(texts: int, tokens: int, spec: InputSpec, tokens_per_run: int) -> bool:
    """Whether a group of so many texts has no room for one more of so many tokens."""
    if spec.shape:
        return texts == spec.shape[0]
    return (texts + 1) * tokens > tokens_per_run


def _batch(
    encodings: Sequence[tokenizers.Encoding], group: list[int], spec: InputSpec
) -> MicroBatch:
    members = tuple(encodings[position] for position in group)
    return MicroBatch(tuple(group), pad(members, spec), members)


def rows_of(
    task: Task, batch: MicroBatch, answer: Array, mask_id: int | None
) -> Iterator[tuple[int, Array]]:
    """Each text's place in the caller's list, and its part of the answer.

    Args:
        task: of the graph.
        batch: the texts that ran.
        answer: what `Task.joined` gave for them.
        mask_id: token id of the mask, where words are guessed.
    """
    for position, encoding, row in zip(batch.positions, batch.encodings, answer, strict=False):
        yield position, task.row_of(row, encoding.ids, mask_id)
