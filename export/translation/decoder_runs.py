"""A decoder's graph, run on targets in the parts that a batch says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from edgebert.arrays import Array
from edgebert.errors import BundleError
from edgebert.export.parity.batches import Batch, Ids
from edgebert.export.parity.sessions import first_line
from edgebert.export.translation.target_batches import TargetBatch

LIKELY = "log_probabilities"

_ROOM = 16  # places of a past of rows that have come differently far
_FILLED = 7.0  # what stands where a row has none, and is to be passed over
_LAST = 2  # tokens that such rows go on with


def run_in_parts(session: Any, outputs: tuple[str, ...], batch: Batch) -> dict[str, Array]:
    """What a graph answers to each token of each target, float32 [rows, tokens, ...].

    Args:
        session: of a decoder's graph.
        outputs: names of what is asked for; of keys and values the heads come side by side.
        batch: a `TargetBatch`.

    Raises:
        BundleError: onnxruntime cannot run it.
    """
    assert isinstance(batch, TargetBatch)
    try:
        answers = _in_calls(session, batch)
        if batch.starts:
            answers = _gone_on(session, batch, answers)
    except Exception as error:  # onnxruntime's errors share no public base class
        raise BundleError(first_line(error)) from error
    return {name: by_token(answers[name]) for name in outputs}


def by_token(answer: Array) -> Array:
    """Keys or values [rows, heads, tokens, width] as [rows, tokens, heads * width]."""
    if answer.ndim == 3:
        return answer
    rows, heads, tokens, width = answer.shape
    return answer.transpose(0, 2, 1, 3).reshape(rows, tokens, heads * width)


def _in_calls(session: Any, batch: TargetBatch) -> dict[str, Array]:
    """Read all of the targets, each call with the keys and values of those before."""
    rows, tokens = batch.mask.shape
    past = _empty_past(session, rows)
    parts = []
    for first, last in pairwise((0, *batch.cuts, tokens)):
        ids = batch.inputs["input_ids"][:, first:last]
        found = _call(session, batch, ids, np.full(rows, first), past)
        past = {name: _behind(before, found[_given(name)]) for name, before in past.items()}
        parts.append(found)
    return {name: np.concatenate([p[name] for p in parts], axis=_axis(name)) for name in parts[0]}


def _gone_on(session: Any, batch: TargetBatch, whole: dict[str, Array]) -> dict[str, Array]:
    """Let each row go on behind its own past, and put what comes of it into what was known."""
    ids, rows = batch.inputs["input_ids"], len(batch.starts)
    past = {}
    for name, empty in _empty_past(session, rows).items():
        _, heads, _, width = empty.shape
        past[name] = np.full((rows, heads, _ROOM, width), _FILLED, np.float32)
        for row, start in enumerate(batch.starts):
            past[name][row, :, :start] = whole[_given(name)][row, :, :start]
    following = np.stack([ids[row, s : s + _LAST] for row, s in enumerate(batch.starts)])
    found = _call(session, batch, following, np.array(batch.starts), past)
    changed = {name: np.moveaxis(values.copy(), _axis(name), 1) for name, values in whole.items()}
    for name, values in found.items():
        for row, start in enumerate(batch.starts):
            changed[name][row, start : start + _LAST] = np.moveaxis(values, _axis(name), 1)[row]
    return {name: np.moveaxis(values, 1, _axis(name)) for name, values in changed.items()}


def _call(
    session: Any, batch: TargetBatch, ids: Ids, lengths: Ids, past: dict[str, Array]
) -> dict[str, Array]:
    sources = batch.sources
    given = {"input_ids": ids, "past_lengths": lengths, "source_mask": sources.mask}
    names = [output.name for output in session.get_outputs()]
    answers = session.run(names, {**given, **past, **sources.cross})
    return dict(zip(names, answers, strict=True))


def _empty_past(session: Any, rows: int) -> dict[str, Array]:
    shapes = {value.name: value.shape for value in session.get_inputs()}
    return {
        name: np.zeros((rows, shape[1], 0, shape[3]), np.float32)
        for name, shape in shapes.items()
        if name.startswith(("past_key", "past_value"))
    }


def _given(past: str) -> str:
    """What a graph gives of new tokens that it takes as `past` of later ones."""
    return past.replace("past_", "present_", 1)


def _behind(before: Array, new: Array) -> Array:
    return np.concatenate((before, new), axis=2)


def _axis(name: str) -> int:
    """Which axis of an answer counts tokens."""
    return 1 if name == LIKELY else 2
