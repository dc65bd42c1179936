"""Steps of examples that are about equally long."""

from __future__ import annotations

from collections.abc import Sequence

import torch

_STEPS_PER_BUCKET = 20


def bucketed(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """One epoch of batches in random order, each of rows that are about equally long."""
    order = torch.randperm(len(lengths)).tolist()
    batches = []
    for bucket in chunks(order, batch_size * _STEPS_PER_BUCKET):
        batches += chunks(sorted(bucket, key=lengths.__getitem__), batch_size)
    return [batches[i] for i in torch.randperm(len(batches)).tolist()]


def chunks(rows: list[int], size: int) -> list[list[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
