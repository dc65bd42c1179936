"""The matrix of targets on which a decoder's graph is compared with PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgebert.arrays import Array
from edgebert.checkpoint.translation.target_tokenizer import BEGIN_ID
from edgebert.export.parity.batches import Batch, Ids

_LENGTHS = (1, 2, 3, 15, 16, 17, 127)  # around the places where kernels change


@dataclass(frozen=True)
class Sources:
    """What a decoder reads of some sources.

    Attributes:
        cross: keys and values of each layer, float32 [sources, heads, tokens, head width], by name.
        mask: int64 [sources, tokens].
    """

    cross: dict[str, Array]
    mask: Ids

    def of(self, rows: Sequence[int]) -> Sources:
        """Some of them."""
        chosen = list(rows)
        return Sources({n: values[chosen] for n, values in self.cross.items()}, self.mask[chosen])


@dataclass(frozen=True, kw_only=True)
class TargetBatch(Batch):
    """Targets, and in which parts a graph reads them.

    Attributes:
        sources: as many as rows, or each of several rows that lie next to each other.
        cuts: tokens that were read before each call but the first.
        starts: of each row the tokens that the last call finds in its past; () where all rows go
            on with the same.
    """

    sources: Sources = field(repr=False)
    cuts: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()


def target_batches(
    sources: Sources, written: Sequence[Sequence[int]], vocabulary: int
) -> tuple[TargetBatch, ...]:
    """Targets that tell kinds of mistakes apart, the same ones for the same arguments.

    Args:
        sources: four real ones or more, of different lengths.
        written: token ids of what PyTorch writes of each.
        vocabulary: pieces of targets.
    """
    random = np.random.default_rng(0)

    def draw(rows: int, tokens: int) -> dict[str, Ids]:
        ids = random.integers(0, vocabulary, (rows, tokens))
        ids[:, 0] = BEGIN_ID
        return {"input_ids": ids, "attention_mask": np.ones_like(ids)}

    def batch(name: str, rows: int, tokens: int, sources: Sources, **parts: Any) -> TargetBatch:
        return TargetBatch(name=name, inputs=draw(rows, tokens), sources=sources, **parts)

    first = sources.of([0])
    four = sources.of(range(4))
    each = tuple(range(1, 12))
    return (
        *(batch(f"target of {tokens}", 1, tokens, first) for tokens in _LENGTHS),
        batch("targets beside each other", 4, 20, four),
        batch("a token at a time", 4, 12, four, cuts=each),
        batch("in parts", 4, 12, four, cuts=(4, 5)),
        batch("4 beams of a source", 8, 12, sources.of(range(2)), cuts=each),
        batch("a beam of 5, in parts", 5, 9, first, cuts=(1, 6)),
        batch("pasts of different lengths", 4, 9, four, starts=(5, 0, 7, 2)),
        batch(
            "beams with pasts of different lengths", 4, 9, sources.of(range(2)), starts=(1, 6, 0, 3)
        ),
        _as_written(sources, written),
    )


def _as_written(sources: Sources, written: Sequence[Sequence[int]]) -> TargetBatch:
    """What PyTorch writes, read at once."""
    width = 1 + max(map(len, written))
    ids = np.zeros((len(written), width), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(written):
        ids[row, : 1 + len(tokens)] = [BEGIN_ID, *tokens]
        mask[row, : 1 + len(tokens)] = 1
    inputs = {"input_ids": ids, "attention_mask": mask}
    return TargetBatch(name="what is written", inputs=inputs, sources=sources, of_texts=True)
