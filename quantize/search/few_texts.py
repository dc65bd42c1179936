"""How far a graph, or a part of one, drifts on a few texts: what groups are ranked by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Text
from edgebert.measures.distances import probability_changes
from edgebert.measures.similarity import cosines
from edgebert.quantize.search.mixture_drift import MixtureDrift, first_of_each, summed_up
from edgebert.records.profile import TOKENS_PER_RUN
from edgebert.runtimes import Model
from edgebert.runtimes.batches import micro_batches, rows_of
from edgebert.text.encoding import encode

_TOKENS = 1600
"""Half for each kind. They rank the groups, and decide nothing else."""


class FewTexts:
    """What the float bundle gives for a few texts, to hold others against.

    Args:
        model: the float bundle.
        texts: what a candidate is for.
        others: texts of other kinds.

    Attributes:
        batches: the texts as a graph takes them.
        outputs: what a graph is asked for.
    """

    def __init__(self, model: Model, texts: Sequence[Text], others: Sequence[Text] = ()) -> None:
        self._spec = model.spec
        mask = model.mask_token
        self._mask_id = model.tokenizer.token_to_id(mask) if mask else None
        self._texts, self._own = first_of_each(model, texts, others, _TOKENS)
        budget = model.spec.task.tokens_per_run(model.tokenizer.get_vocab_size(), TOKENS_PER_RUN)
        encodings = encode(model.tokenizer, self._texts)
        self.batches = tuple(micro_batches(encodings, model.input_spec, tokens_per_run=budget))
        self.outputs = model.spec.task.outputs
        self._reference = self._rows(
            [model.engine.run(self.outputs, batch.inputs) for batch in self.batches]
        )

    def judge(self, results: Sequence[Sequence[Array]]) -> MixtureDrift:
        """Hold what a graph gave for `outputs`, batch after batch, against the floats."""
        rows = self._rows(results)
        if self._spec.task.vectors:
            distances = 1 - cosines(np.stack(self._reference), np.stack(rows))
            return summed_up(np.maximum(distances, 0), None, self._own)
        scorings = self._spec.scoring, self._spec.scoring
        changes = probability_changes(self._reference, rows, scorings=scorings)
        return summed_up(changes, None, self._own)

    def _rows(self, results: Sequence[Sequence[Array]]) -> list[Array]:
        """What there is of each text, as choices."""
        task = self._spec.task
        rows: dict[int, Array] = {}
        for batch, values in zip(self.batches, results, strict=True):
            rows.update(rows_of(task, batch, task.joined(values), self._mask_id))
        return [task.choices(rows[place]) for place in range(len(self._texts))]
