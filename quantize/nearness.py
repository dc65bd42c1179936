"""How near the answers of a candidate graph are to the float bundle's, on the search's texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgebert.data import Text
from edgebert.drift.distances import changed_decisions, cosines, label_flips, probability_changes
from edgebert.drift.sources import answers_of
from edgebert.drift.squad import answer_disagreement
from edgebert.machine import available_cores
from edgebert.quantize.options import Budget
from edgebert.records.manifest import EMBEDDINGS, QUESTION_ANSWERING
from edgebert.records.profile import untuned
from edgebert.runtimes import Model
from edgebert.runtimes.engine import Engine
from edgebert.runtimes.session import open_graph


@dataclass(frozen=True)
class Nearness:
    """Distances as in a drift record: their mean and 99th percentile, and the share of flips.

    Attributes:
        others_mean, others_p99: the same on texts of other kinds, where there are any.
    """

    mean: float
    p99: float
    flips: float | None
    others_mean: float | None = None
    others_p99: float | None = None

    @property
    def overall(self) -> float:
        """The mean distance, texts of other kinds counting as much as the rest."""
        return self.mean if self.others_mean is None else (self.mean + self.others_mean) / 2

    def within(self, budget: Budget, share: float = 1.0) -> bool:
        """Whether a share of the budget is kept."""
        pairs = (
            (self.mean, budget.mean),
            (self.p99, budget.p99),
            (self.flips, budget.flips),
            (self.others_mean, budget.others_mean),
            (self.others_p99, budget.others_p99),
        )
        return all(
            value <= share * bound
            for value, bound in pairs
            if value is not None and bound is not None
        )


class Yardstick:
    """The float bundle's answers to some texts, to hold candidates against.

    Args:
        model: the float bundle.
        texts: what a candidate is for.
        others: texts of other kinds, which it should not fail at either.
        allow_no_answer: whether a question may have none.
    """

    def __init__(
        self,
        model: Model,
        texts: Sequence[Text],
        others: Sequence[Text] = (),
        *,
        allow_no_answer: bool = False,
    ) -> None:
        self._model = model
        self._allow_no_answer = allow_no_answer
        self._own = len(texts)
        prompt = model.default_prompt
        self._texts = [
            prompt + text if isinstance(text, str) else text for text in (*texts, *others)
        ]
        self._reference = self._answers(model)

    def measure(self, graph: Path, *, widen: bool) -> Nearness:
        """Run a candidate that takes what the bundle takes.

        Args:
            graph: its ONNX file.
            widen: whether it holds weights whose sums could overflow on CPUs without VNNI.
        """
        cores = available_cores()
        engine = Engine(partial(open_graph, graph, widen=widen), untuned(cores))
        answers = self._answers(Model(self._model.bundle, engine, self._model.tokenizer))
        if self._model.task == EMBEDDINGS:
            distances = 1 - cosines(np.stack(self._reference), np.stack(answers))
            return self._summed_up(np.maximum(distances, 0), None)
        if self._model.task == QUESTION_ANSWERING:
            return self._summed_up(*answer_disagreement(self._reference, answers))
        scorings = (self._model.scoring, self._model.scoring)
        distances = probability_changes(self._reference, answers, scorings=scorings)
        changed = changed_decisions(self._reference, answers, multi_label=self._model.multi_label)
        return self._summed_up(distances, changed)

    def _answers(self, model: Model) -> list[Any]:
        """What the graph says of each text; of a question its answer."""
        if model.task == QUESTION_ANSWERING:
            return answers_of(model, self._texts, allow_no_answer=self._allow_no_answer)
        return model.outputs(self._texts)

    def _summed_up(self, distances: np.ndarray, changed: np.ndarray | None) -> Nearness:
        own, others = distances[: self._own], distances[self._own :]
        flips = None if changed is None else label_flips(changed[: self._own]).rate
        mean, p99 = _mean_and_p99(own)
        return Nearness(mean, p99, flips, *(_mean_and_p99(others) if len(others) else ()))


def _mean_and_p99(distances: np.ndarray) -> tuple[float, float]:
    return float(distances.mean()), float(np.percentile(distances, 99))
