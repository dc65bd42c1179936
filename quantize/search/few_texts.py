"""How far a graph, or a part of one, drifts on a few texts: what groups are ranked by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgebert.data import Text
from edgebert.drift.distances import cosines, probability_changes
from edgebert.quantize.search.mixture_drift import MixtureDrift, first_of_each, summed_up
from edgebert.records.manifest import EMBEDDINGS, QUESTION_ANSWERING, SOFTMAX
from edgebert.runtimes import Model
from edgebert.runtimes.answers import Array
from edgebert.runtimes.encoding import encode, micro_batches
from edgebert.runtimes.outputs import answer_outputs, joined, rows_of, tokens_per_run

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
        self._task, self._scoring = model.task, model.scoring
        mask = model.mask_token
        self._mask_id = model.tokenizer.token_to_id(mask) if mask else None
        self._texts, self._own = first_of_each(model, texts, others, _TOKENS)
        budget = tokens_per_run(model.task, model.tokenizer.get_vocab_size())
        encodings = encode(model.tokenizer, self._texts)
        self.batches = tuple(micro_batches(encodings, model.takes, tokens_per_run=budget))
        self.outputs = answer_outputs(model.task)
        self._reference = self._rows(
            [model.engine.run(self.outputs, batch.inputs) for batch in self.batches]
        )

    def judge(self, results: Sequence[Sequence[Array]]) -> MixtureDrift:
        """Hold what a graph gave for `outputs`, batch after batch, against the floats."""
        rows = self._rows(results)
        if self._task == EMBEDDINGS:
            distances = 1 - cosines(np.stack(self._reference), np.stack(rows))
            return summed_up(np.maximum(distances, 0), None, self._own)
        scoring = SOFTMAX if self._task == QUESTION_ANSWERING else self._scoring
        changes = probability_changes(self._reference, rows, scorings=(scoring, scoring))
        return summed_up(changes, None, self._own)

    def _rows(self, results: Sequence[Sequence[Array]]) -> list[Array]:
        """What there is of each text; of a question the tokens as choices: of a start, of an end."""
        rows: dict[int, Array] = {}
        for batch, values in zip(self.batches, results, strict=True):
            rows.update(rows_of(self._task, batch, joined(self._task, values), self._mask_id))
        of_texts = [rows[place] for place in range(len(self._texts))]
        return [row.T for row in of_texts] if self._task == QUESTION_ANSWERING else of_texts
