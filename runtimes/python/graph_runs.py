"""Runs of a graph, and what is kept of each for its texts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

import tokenizers

from edgebert.arrays import Array
from edgebert.runtimes.batches import InputSpec, MicroBatch, pad, rows_of
from edgebert.runtimes.sessions.engine import Engine
from edgebert.tasks.base import Task

Rows = dict[int, Array]
"""Place of a text, and its row."""


class GraphRuns:
    """Runs batches of texts; safe to use from any thread.

    Args:
        engine: runs the graph.
        task: of the graph.
        mask_id: token id of the mask, for fill-mask.
        vocabulary: pieces that the tokenizer knows.

    Attributes:
        callers: runs at a time.
        tokens_per_run: tokens that are run together, padding included.
    """

    def __init__(self, engine: Engine, task: Task, *, mask_id: int | None, vocabulary: int) -> None:
        self._engine = engine
        self._task = task
        self._mask_id = mask_id
        self.callers = engine.profile.callers
        self.tokens_per_run = task.tokens_per_run(vocabulary, engine.profile.tokens_per_run)

    @property
    def input_spec(self) -> InputSpec:
        """What the graph takes."""
        return self._engine.input_spec

    def now(self, batch: MicroBatch) -> Rows:
        """Run a batch that may be alone."""
        return self._kept(batch, self._engine.run(self._task.outputs, batch.inputs))

    def submit(self, batch: MicroBatch) -> Future[Rows]:
        """Run one batch of several, as soon as a caller of the engine is free."""
        kept = partial(self._kept, batch)
        return self._engine.submit(self._task.outputs, batch.inputs, kept)

    def together(self, encodings: Sequence[tokenizers.Encoding]) -> list[Array]:
        """Run texts as one batch of several, in this thread.

        Returns:
            The row of each.
        """
        members = tuple(encodings)
        batch = MicroBatch(tuple(range(len(members))), pad(members, self.input_spec), members)
        results = self._engine.run_beside_others(self._task.outputs, batch.inputs)
        return list(self._kept(batch, results).values())

    def _kept(self, batch: MicroBatch, results: list[Array]) -> Rows:
        """What is kept of a run: of a fill-mask graph's logits those at the masks alone."""
        return dict(rows_of(self._task, batch, self._task.joined(results), self._mask_id))
