"""How far the answers of a candidate graph drift from the float bundle's, on the search's texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from edgebert.data import Text
from edgebert.machine import available_cores
from edgebert.measures.labels import label_flips
from edgebert.quantize.options import Budget
from edgebert.quantize.search.places import HERE, Place
from edgebert.records.profile import untuned
from edgebert.runtimes import Model
from edgebert.runtimes.sessions.engine import Engine
from edgebert.tasks.answers import Answers
from edgebert.text.encoding import encode

_TOKENS = 12_000
"""Of the texts that mixtures are measured on, half for each kind."""

_FEWEST = 12  # texts of a kind, however long they are


@dataclass(frozen=True)
class MixtureDrift:
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
        """The mean distance and the 99th percentile, half each, of all kinds of texts alike.

        Few texts go astray when a layer clips or rounds away what only they hold, and a mean hardly
        shows it: a layer that spoils one text in a hundred is no safer than one that moves all.
        """
        own = (self.mean + self.p99) / 2
        if self.others_mean is None or self.others_p99 is None:
            return own
        return (own + (self.others_mean + self.others_p99) / 2) / 2

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


class DriftMeter:
    """The float bundle's answers to some texts, to hold candidates against.

    Args:
        model: the float bundle.
        texts: what a candidate is for.
        others: texts of other kinds, which it should not fail at either.
        allow_no_answer: whether a question may have none.
        place: where candidates run.
    """

    def __init__(
        self,
        model: Model,
        texts: Sequence[Text],
        others: Sequence[Text] = (),
        *,
        allow_no_answer: bool = False,
        place: Place = HERE,
    ) -> None:
        self._model = model
        self._place = place
        self._allow_no_answer = allow_no_answer
        self._texts, self._own = first_of_each(model, texts, others, _TOKENS)
        self._reference = self._answers(model)

    def measure(self, graph: Path, *, widen: bool) -> MixtureDrift:
        """Run a candidate that takes what the bundle takes.

        Args:
            graph: its ONNX file.
            widen: whether it holds weights whose sums could overflow on CPUs without VNNI.
        """
        cores = available_cores()
        profile = replace(untuned(cores), callers=1, caller_threads=cores)  # one session for all
        engine = Engine(partial(self._place.open_graph, graph, widen=widen), profile)
        answers = self._answers(Model(self._model.files, engine, self._model.tokenizer))
        spec = self._model.spec
        distances, changed = spec.task.disagreement(
            self._reference,
            answers,
            scorings=(spec.scoring, spec.scoring),
            multi_label=spec.multi_label,
            decides=True,
        )
        return summed_up(np.maximum(distances, 0), changed, self._own)

    def _answers(self, model: Model) -> Answers:
        return model.spec.task.ask(
            model,
            self._texts,
            aggregation=str(model.aggregation),
            allow_no_answer=self._allow_no_answer,
        )


def first_of_each(
    model: Model, texts: Sequence[Text], others: Sequence[Text], tokens: int
) -> tuple[list[Text], int]:
    """The first texts of each kind, of so many tokens in all, and how many are of the first kind.

    Each begins with the default prompt of the model.
    """
    kinds = []
    for kind in (texts, others):
        prompt = model.default_prompt
        read = [prompt + text if isinstance(text, str) else text for text in kind]
        lengths = [len(encoding) for encoding in encode(model.tokenizer, read)]
        within = int(np.searchsorted(np.cumsum(lengths), tokens // 2, side="right"))
        kinds.append(read[: max(within, _FEWEST)])
    return [*kinds[0], *kinds[1]], len(kinds[0])


def summed_up(distances: np.ndarray, changed: np.ndarray | None, own: int) -> MixtureDrift:
    """The drift by the distance of each text, and its changed decisions where there are some.

    Args:
        distances: floats [texts].
        changed: int64 [texts, 2], see `edgebert.measures.labels.changed_decisions`.
        own: how many of the texts are not of other kinds; they come first.
    """
    flips = None if changed is None else label_flips(changed[:own]).rate
    mean, p99 = _mean_and_p99(distances[:own])
    others = _mean_and_p99(distances[own:]) if own < len(distances) else ()
    return MixtureDrift(mean, p99, flips, *others)


def _mean_and_p99(distances: np.ndarray) -> tuple[float, float]:
    return float(distances.mean()), float(np.percentile(distances, 99))
