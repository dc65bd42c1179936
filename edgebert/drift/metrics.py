"""Task metrics in points from 0 to 100, from a model's outputs and a file's labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgebert.data import Examples, Span
from edgebert.drift.distances import cosines
from edgebert.drift.sources import TextModel, entities_of
from edgebert.errors import InputError
from edgebert.records.manifest import EMBEDDINGS, TEXT_CLASSIFICATION
from edgebert.runtimes import Entity
from edgebert.runtimes.answers import Array


def metric_name(model: TextModel, examples: Examples) -> str | None:
    """The metric that the file's labels allow for the model's task, or None."""
    if model.task == EMBEDDINGS:
        return "spearman" if examples.scores is not None else None
    if model.task == TEXT_CLASSIFICATION:
        return "accuracy" if examples.labels is not None else None
    return "entity_f1" if examples.entities is not None else None


def require_metric(model: TextModel, examples: Examples) -> None:
    """Say what the file lacks, and what it has, where the model's metric cannot be computed.

    Raises:
        InputError: no scored pairs, no labels, or no entities.
    """
    if model.task == EMBEDDINGS:
        examples.require_scored_pairs()
    elif model.task == TEXT_CLASSIFICATION:
        examples.require_labels()
    else:
        examples.require_entities()


def metric_value(model: TextModel, examples: Examples, outputs: Sequence[Array]) -> float:
    """The metric of `metric_name`, in points.

    Args:
        model: whose outputs they are.
        examples: texts with labels, scores or entities.
        outputs: one for each of `compared_texts(model, examples)`.
    """
    name = metric_name(model, examples)
    if name == "spearman":
        assert examples.scores is not None
        vectors = np.stack(list(outputs))
        return 100 * spearman(cosines(vectors[0::2], vectors[1::2]), examples.scores)
    if name == "accuracy":
        return 100 * float(np.mean(correct(model, examples, outputs)))
    assert examples.entities is not None
    return 100 * entity_f1(examples.entities, entities_of(model, examples.texts, outputs))


def correct(
    model: TextModel, examples: Examples, outputs: Sequence[Array]
) -> npt.NDArray[np.bool_]:
    """For each text whether its labels are exactly the expected ones."""
    expected = [label_indices(model, examples, names) for names in examples.require_labels()]
    return np.asarray(
        [
            want == _decided(logits, multi_label=model.multi_label)
            for want, logits in zip(expected, outputs, strict=True)
        ]
    )


def label_indices(model: TextModel, examples: Examples, names: Sequence[str]) -> frozenset[int]:
    """Indices of label names; an integer that is no name counts as an index itself."""
    indices = set()
    for name in names:
        if name in model.labels:
            indices.add(model.labels.index(name))
        elif name.isdigit() and int(name) < len(model.labels):
            indices.add(int(name))
        else:
            known = ", ".join(model.labels[:8]) + (", ..." if len(model.labels) > 8 else "")
            raise InputError(
                f"{examples.path}: label {name!r} is not one of the model's {len(model.labels)} "
                f"labels ({known})"
            )
    return frozenset(indices)


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's rank correlation, ties given their mean rank; nan where one side is constant."""
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (a, b)]
    x, y = (rank - rank.mean() for rank in ranks)
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale else float("nan")


def entity_f1(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Entity]]) -> float:
    """Micro-averaged F1 of entities: span and label must both be exact."""
    wanted = [{(e.start, e.end, e.label) for e in entities} for entities in gold]
    given = [{(e.start, e.end, e.label) for e in entities} for entities in found]
    hits = sum(len(a & b) for a, b in zip(wanted, given, strict=True))
    total = sum(map(len, wanted)) + sum(map(len, given))
    return 2 * hits / total if total else 1.0


def _decided(logits: Array, *, multi_label: bool) -> frozenset[int]:
    if multi_label:
        return frozenset(int(i) for i in np.flatnonzero(logits >= 0))
    return frozenset({int(np.argmax(logits))})


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return np.asarray((last - (counts - 1) / 2)[inverse])
