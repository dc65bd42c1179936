"""What a translator would write next at each place of targets that are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import tokenizers

from edgebert.arrays import Array
from edgebert.runtimes.translation.graphs import (
    ReadSource,
    StepInputs,
    TranslatorGraphs,
    check_finite,
    widened,
)
from edgebert.tasks.next_tokens import NextTokens

_TOKENS = 256
"""Of targets that are read together, padding included: a row of log-probabilities for each."""


def next_tokens(
    graphs: TranslatorGraphs,
    sources: Sequence[tokenizers.Encoding],
    targets: Sequence[Sequence[int]],
) -> list[NextTokens]:
    """The likeliest token after each prefix of each target, in this thread.

    Args:
        graphs: of the bundle.
        sources: as they are read at once.
        targets: ids of each, without those that begin and end one.
    """
    found: dict[int, NextTokens] = {}
    for places in _together(targets):
        read = graphs.read([sources[place] for place in places])
        some = _next(graphs, read, [targets[place] for place in places])
        found |= dict(zip(places, some, strict=True))
    return [found[place] for place in range(len(targets))]


def _together(targets: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Places of targets of similar length."""
    group: list[int] = []
    for place in sorted(range(len(targets)), key=lambda place: len(targets[place])):
        if group and (len(group) + 1) * (len(targets[place]) + 1) > _TOKENS:
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def _next(
    graphs: TranslatorGraphs, sources: Sequence[ReadSource], targets: Sequence[Sequence[int]]
) -> Iterator[NextTokens]:
    writing = graphs.writing
    likely, _ = graphs.step(_inputs(graphs, sources, targets))
    check_finite(likely)
    for row, target in zip(likely, targets, strict=True):
        expected = np.array([*target, writing.end_id], np.int64)
        place = np.arange(len(expected))
        likeliest = row[: len(expected)].argmax(axis=1)
        both = np.stack((row[place, likeliest], row[place, expected]), axis=1)
        yield NextTokens(expected, likeliest, both)


def _inputs(
    graphs: TranslatorGraphs, sources: Sequence[ReadSource], targets: Sequence[Sequence[int]]
) -> StepInputs:
    """All tokens of some targets, padded; what is padded is seen by no other token."""
    writing, rows = graphs.writing, len(targets)
    ids = np.full((rows, 1 + max(map(len, targets))), writing.begin_id, np.int64)
    for row, target in enumerate(targets):
        ids[row, 1 : 1 + len(target)] = target
    tokens = np.array([source.tokens for source in sources])
    width = widened(int(tokens.max()))
    room = widened(ids.shape[1] if graphs.picks else 0)  # where kernels put what they read
    past = (rows, writing.heads, room, writing.head_width)
    return StepInputs(
        ids=ids,
        lengths=np.zeros(rows, np.int64),
        past=[np.zeros(past, np.float32) for _ in range(2 * writing.layers)],
        cross=[
            _padded([source.cross[number] for source in sources], width)
            for number in range(2 * writing.layers)
        ],
        source_mask=(np.arange(width) < tokens[:, None]).astype(np.int64),
    )


def _padded(arrays: Sequence[Array], width: int) -> Array:
    heads, _, head_width = arrays[0].shape
    whole = np.zeros((len(arrays), heads, width, head_width), np.float32)
    for row, array in enumerate(arrays):
        whole[row, :, : array.shape[1]] = array
    return whole
