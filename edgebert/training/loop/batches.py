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


def bucketed_tokens(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """The same with batches of at most so many tokens, with padding; a longer row stands alone."""
    per_batch = max(1, tokens * len(lengths) // max(1, sum(lengths)))
    order = torch.randperm(len(lengths)).tolist()
    batches = []
    for bucket in chunks(order, per_batch * _STEPS_PER_BUCKET):
        batches += _filled(sorted(bucket, key=lengths.__getitem__), lengths, tokens)
    return [batches[i] for i in torch.randperm(len(batches)).tolist()]


def _filled(rows: list[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Rows, from short to long, in batches that are as full as they may be."""
    batches: list[list[int]] = [[]]
    for row in rows:
        if batches[-1] and lengths[row] * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(row)
    return batches


def chunks(rows: list[int], size: int) -> list[list[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
