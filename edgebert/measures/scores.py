"""A task's metric before it is summed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Scores:
    """A metric before it is summed up: a row of numbers for each example.

    An example is a text, a pair of scored texts, a query or a question.

    Attributes:
        name: accuracy, macro_f1, mcc, spearman, pearson, average_precision, entity_f1, mrr_at_10,
            ndcg_at_10, recall_at_10, recall_at_100, f1 or exact_match.
        rows: [n, k].
        aggregate: turns rows into points from 0 to 100; correlations may be negative, and are
            nan where one side is constant.
    """

    name: str
    rows: Numbers
    aggregate: Callable[[Numbers], float]

    @property
    def value(self) -> float:
        return self.aggregate(self.rows)

    def part(self, indices: Sequence[int] | npt.NDArray[np.integer]) -> Scores:
        """The same metric over some of the examples."""
        return replace(self, rows=self.rows[np.asarray(indices, np.intp)])
