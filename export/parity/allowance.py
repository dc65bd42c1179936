"""How far a graph may be from PyTorch: what is rounding, measured where the usual is not enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from edgebert.arrays import Array
from edgebert.export.parity.batches import Batch
from edgebert.export.parity.cases import default_atol
from edgebert.records.made import ParityCase

Movements = Callable[[Batch], Iterator[float]]
"""How far the reference's answers to a batch move at most when it is nudged, several times."""

_NUDGE = {"fp32": 2.0**-21, "fp16": 2.0**-10}
"""Of a value: what a few roundings come to."""

_DRAWS = 4  # of the signs of a nudge: answers move three times as far under one as under another


def measured_allowance(
    cases: Sequence[ParityCase], batches: Sequence[Batch], precision: str, movements: Movements
) -> float:
    """Largest absolute difference that passes where the caller names none.

    It is `default_atol`. Where that is exceeded, PyTorch is run again with its word embeddings
    moved by about what rounding does to them (half a millionth in float32): a model whose own
    answers move further than `default_atol` cannot be held to it. It is held to twice that
    movement, for the graph rounds as well as PyTorch.

    Batches are moved from the shortest on, and no longer than there is something to gain: until
    every difference passes, or, before inputs of more than 512 tokens, which can take minutes,
    if one of a shorter batch does not.
    """
    atol = default_atol(precision, cases)
    off: dict[str, float] = {}
    for case in cases:
        if not case.max_abs <= atol:
            off[case.name] = max(off.get(case.name, 0.0), case.badness)
    worst = max(off.values(), default=0.0)
    if not off or math.isinf(worst):
        return atol
    failed = [batch for batch in batches if batch.name in off]
    short = sorted((b for b in failed if not b.is_long), key=lambda batch: batch.mask.shape[1])
    allowed = _moved_allowance(atol, short, worst, movements)
    if any(off[batch.name] > allowed for batch in short):
        return allowed
    return _moved_allowance(allowed, [b for b in failed if b.is_long], worst, movements)


def movements_of(
    ask: Callable[[], Mapping[str, Array]], embeddings: torch.nn.Module, precision: str
) -> Iterator[float]:
    """How far answers move at most when word embeddings are nudged, for each draw of its signs."""
    still = ask()
    for seed in range(_DRAWS):
        with _nudged(embeddings, _NUDGE[precision], seed):
            moved = ask()
        yield max(float(np.abs(moved[name] - still[name]).max(initial=0.0)) for name in still)


def _moved_allowance(
    allowed: float, batches: Sequence[Batch], enough: float, movements: Movements
) -> float:
    """Twice what a nudge moves PyTorch's answers by at most, from `allowed` on; up to `enough`."""
    for movement in (m for batch in batches for m in movements(batch)):
        allowed = max(allowed, float(f"{2 * movement:.2g}"))
        if allowed >= enough:
            break
    return allowed


@contextmanager
def _nudged(embeddings: torch.nn.Module, share: float, seed: int) -> Iterator[None]:
    random = torch.Generator().manual_seed(seed)

    def nudge(_module: Any, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        signs = torch.randint(0, 2, output.shape, generator=random) * 2 - 1
        return output * (1 + share * signs)

    hook = embeddings.register_forward_hook(nudge)
    try:
        yield
    finally:
        hook.remove()
