"""Two models on the same texts: everything that `check` and `quantize` decide on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgebert.data import Examples, Text
from edgebert.drift.distances import (
    Floats,
    cosines,
    entity_changes,
    label_flips,
    neighbour_overlap,
    probability_changes,
)
from edgebert.drift.metrics import metric_name, metric_value
from edgebert.drift.sources import TextModel, entities_of
from edgebert.errors import InputError
from edgebert.records.checked import (
    Cosine,
    EntityChanges,
    Flips,
    Invariance,
    Metric,
    Neighbours,
    Worst,
)
from edgebert.records.manifest import EMBEDDINGS, TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION
from edgebert.runtimes.answers import Array

WORST = 20
"""How many of the texts that moved most a comparison keeps."""

_INVARIANCE_SAMPLE = 64
_NEIGHBOUR_LIMIT = 5000  # texts; the similarity matrix grows with the square


@dataclass(frozen=True)
class Comparison:
    """How far a candidate is from a reference.

    Attributes:
        texts: what was compared: the two sides of pairs one by one, for embeddings.
        distances: of each text, 1 - cosine for embeddings, else its largest change of a
            probability.
    """

    texts: tuple[Text, ...]
    distances: Floats
    cosine: Cosine | None
    batch_invariance: Invariance
    neighbours: Neighbours | None
    flips: Flips | None
    entities: EntityChanges | None
    metric: Metric | None

    @property
    def worst(self) -> tuple[Worst, ...]:
        order = np.argsort(-self.distances, kind="stable")[:WORST]
        return tuple(Worst(_shown(self.texts[i]), float(self.distances[i])) for i in order)


def compare(reference: TextModel, candidate: TextModel, examples: Examples) -> Comparison:
    """Run both models over the texts and measure how far they disagree.

    Raises:
        InputError: the two do not answer the same question, or the file does not fit the task.
    """
    _same_question(reference, candidate)
    texts = compared_texts(reference, examples)
    before = reference.outputs(texts, progress=True)
    after = candidate.outputs(texts, progress=True)
    embeddings = reference.task == EMBEDDINGS
    multi_label = reference.multi_label
    cosine = cosines(np.stack(before), np.stack(after)) if embeddings else None
    return Comparison(
        texts=texts,
        distances=1 - cosine
        if cosine is not None
        else probability_changes(before, after, multi_label=multi_label),
        cosine=None if cosine is None else _cosine(cosine),
        batch_invariance=batch_invariance(candidate, texts),
        neighbours=_neighbours(before, after) if embeddings else None,
        flips=None if embeddings else label_flips(before, after, multi_label=multi_label),
        entities=_entity_changes(reference, candidate, texts, before, after),
        metric=_metric(reference, candidate, examples, before, after),
    )


def compared_texts(model: TextModel, examples: Examples) -> tuple[Text, ...]:
    """The texts a model of this task is run on; an embedding model reads each side of a pair."""
    if model.task == TEXT_CLASSIFICATION:
        return examples.texts
    return tuple(examples.single_texts())


def batch_invariance(model: TextModel, texts: Sequence[Text]) -> Invariance:
    """Each text of a sample alone, against the same text among its neighbours."""
    sample = list(texts[:: max(1, len(texts) // _INVARIANCE_SAMPLE)][:_INVARIANCE_SAMPLE])
    together = model.outputs(sample)
    alone = [model.outputs([text])[0] for text in sample]
    pairs = list(zip(alone, together, strict=True))
    rows = [(a.reshape(1, -1), b.reshape(1, -1)) for a, b in pairs if a.size]
    return Invariance(
        min_cosine=min((float(cosines(a, b)[0]) for a, b in rows), default=1.0),
        max_abs=max((float(np.abs(a - b).max()) for a, b in rows), default=0.0),
    )


def _same_question(reference: TextModel, candidate: TextModel) -> None:
    for what in ("task", "labels", "max_length"):
        a, b = getattr(reference, what), getattr(candidate, what)
        if a != b:
            name = what.replace("_", " ")
            raise InputError(f"the two do not compare: {name} is {a} on one side, {b} on the other")


def _cosine(values: Floats) -> Cosine:
    return Cosine(float(values.mean()), float(np.percentile(values, 1)), float(values.min()))


def _neighbours(before: Sequence[Array], after: Sequence[Array]) -> Neighbours | None:
    """Over distinct texts only: duplicates would be each other's neighbours in any order."""
    a, b = np.stack(before[:_NEIGHBOUR_LIMIT]), np.stack(after[:_NEIGHBOUR_LIMIT])
    _, first = np.unique(a, axis=0, return_index=True)
    if len(first) < 12:
        return None
    return Neighbours(neighbour_overlap(a[first], b[first]))


def _entity_changes(
    reference: TextModel,
    candidate: TextModel,
    texts: Sequence[Text],
    before: Sequence[Array],
    after: Sequence[Array],
) -> EntityChanges | None:
    if reference.task != TOKEN_CLASSIFICATION:
        return None
    return entity_changes(
        entities_of(reference, texts, before), entities_of(candidate, texts, after)
    )


def _metric(
    reference: TextModel,
    candidate: TextModel,
    examples: Examples,
    before: Sequence[Array],
    after: Sequence[Array],
) -> Metric | None:
    name = metric_name(reference, examples)
    if name is None:
        return None
    a = metric_value(reference, examples, before)
    b = metric_value(candidate, examples, after)
    return Metric(name, reference=a, candidate=b, drop=a - b)


def _shown(text: Text) -> str:
    whole = text if isinstance(text, str) else " | ".join(text)
    return whole if len(whole) <= 300 else whole[:299] + "…"
