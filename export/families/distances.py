"""Places in a table that has one entry for each distance between two tokens."""

from __future__ import annotations

import torch


def distance_indices(sequence: int, table: int) -> torch.Tensor:
    """Where the entry for each pair of tokens is, int64 [sequence, sequence].

    Args:
        sequence: tokens of the input, which may be symbolic.
        table: entries of the table, an odd number: the one for distance 0 is in the middle.
    """
    places = torch.arange(sequence)
    return places[None, :] - places[:, None] + table // 2
