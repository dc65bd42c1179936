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
    """Distances as in a drift record: their mean and 99th percentile, and the share of flips."""

    mean: float
    p99: float
    flips: float | None

    def within(self, budget: Budget, share: float = 1.0) -> bool:
        """Whether a share of the budget is kept."""
        pairs = (
            (self.mean, budget.mean),
            (self.p99, budget.p99),
            (self.flips, budget.flips),
        )
        return all(
            value <= share * bound
            for value, bound in pairs
            if value is not None and bound is not None
        )


class Yardstick:
    """The float bundle's answers to some texts, to hold candidates against."""

    def __init__(
        self, model: Model, texts: Sequence[Text], *, allow_no_answer: bool = False
    ) -> None:
        self._model = model
        self._allow_no_answer = allow_no_answer
        prompt = model.default_prompt
        self._texts = [prompt + text if isinstance(text, str) else text for text in texts]
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
            return _summed_up(np.maximum(distances, 0), None)
        if self._model.task == QUESTION_ANSWERING:
            distances, changed = answer_disagreement(self._reference, answers)
            return _summed_up(distances, label_flips(changed).rate)
        scorings = (self._model.scoring, self._model.scoring)
        distances = probability_changes(self._reference, answers, scorings=scorings)
        changed = changed_decisions(self._reference, answers, multi_label=self._model.multi_label)
        return _summed_up(distances, label_flips(changed).rate)

    def _answers(self, model: Model) -> list[Any]:
        """What the graph says of each text; of a question its answer."""
        if model.task == QUESTION_ANSWERING:
            return answers_of(model, self._texts, allow_no_answer=self._allow_no_answer)
        return model.outputs(self._texts)


def _summed_up(distances: np.ndarray, flips: float | None) -> Nearness:
    return Nearness(float(distances.mean()), float(np.percentile(distances, 99)), flips)
