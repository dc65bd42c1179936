"""Task metrics in points, from a model's outputs and a file's labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Examples, Retrieval
from edgebert.drift.bitext import matching_scores
from edgebert.drift.ranking import (
    Candidates,
    ndcg_at_k,
    rank_documents,
    recall_at_k,
    reciprocal_rank_at_k,
)
from edgebert.errors import InputError
from edgebert.measures import squad
from edgebert.measures.bleu import counts_translations, score_rows
from edgebert.measures.scores import Numbers, Scores
from edgebert.measures.similarity import similarities
from edgebert.measures.statistics import (
    average_precision,
    entity_hits,
    macro_f1,
    matthews,
    micro_f1,
    pearson,
    spearman,
)
from edgebert.records.manifest import COSINE
from edgebert.runtimes import Entity
from edgebert.tasks.spec import ModelSpec


def scores_of(
    spec: ModelSpec,
    examples: Examples,
    outputs: Sequence[Array],
    *,
    entities: Sequence[Sequence[Entity]] | None = None,
    answers: Sequence[str] | None = None,
    similarity: str = COSINE,
) -> tuple[Scores, ...]:
    """Every metric that the file's labels allow for the model's task, the headline first.

    Args:
        spec: of the model whose outputs they are.
        examples: texts with whatever labels stand beside them.
        outputs: for embeddings, of `examples.single_texts()`; else of `examples.texts`.
        entities: those found in each text, for token classification.
        answers: the predicted answer to each question, for question answering; translations.
        similarity: what embeddings are compared by.

    Returns:
        None of them where the file has no labels for the task.

    Raises:
        InputError: a label that the model does not know.
    """
    if spec.task.vectors:
        return _embedding_scores(examples, outputs, similarity)
    if spec.task.writes:
        return _translation_scores(examples, answers or ())
    if answers is not None:
        return _answer_scores(examples.answers, answers) if any(examples.answers or ()) else ()
    if entities is not None:
        return _entity_scores(examples, entities)
    if spec.gives_score:
        return _score_scores(examples, outputs)
    named = spec.task.labelled and not spec.task.by_token and examples.labels is not None
    return _label_scores(spec, examples, outputs) if named else ()


def label_indices(
    spec: ModelSpec, examples: Examples, names: Sequence[str], row: int | None = None
) -> frozenset[int]:
    """Indices of label names; an integer counts as an index itself where no name is an integer.

    Raises:
        InputError: a name that the model does not know; the message says where `row` is.
    """
    indices = set()
    numbered = not any(label.isdecimal() for label in spec.labels)
    for name in names:
        if name in spec.labels:
            indices.add(spec.labels.index(name))
        elif numbered and name.isdecimal() and int(name) < len(spec.labels):
            indices.add(int(name))
        else:
            where = examples.path if row is None else examples.where(row)
            known = ", ".join(spec.labels[:8]) + (", ..." if len(spec.labels) > 8 else "")
            raise InputError(
                f"{where}: label {name!r} is not one of the model's {len(spec.labels)} "
                f"labels ({known})"
            )
    return frozenset(indices)


def _translation_scores(examples: Examples, written: Sequence[str]) -> tuple[Scores, ...]:
    """None of them where sacrebleu is not installed: next tokens are compared without it."""
    if any(isinstance(text, str) for text in examples.texts) or not counts_translations():
        return ()
    return score_rows(written, examples.require_translations()[1])


def _embedding_scores(
    examples: Examples, outputs: Sequence[Array], similarity: str
) -> tuple[Scores, ...]:
    if examples.retrieval is not None:
        return _retrieval_scores(examples.retrieval, outputs, similarity)
    if examples.belong_together:
        return matching_scores(examples, outputs, similarity)
    if examples.scores is None:
        return ()
    vectors = np.stack(list(outputs))
    alike = similarities(vectors[0::2], vectors[1::2], similarity)
    rows = np.stack([alike, np.asarray(examples.scores)], axis=1)
    return Scores("spearman", rows, _spearman), Scores("pearson", rows, _pearson)


def _score_scores(examples: Examples, outputs: Sequence[Array]) -> tuple[Scores, ...]:
    """The model's first score against the file's, or against its labels of what is relevant."""
    found = [float(row[0]) for row in outputs]
    if examples.text_scores is not None:
        rows = np.stack([found, np.asarray(examples.text_scores)], axis=1)
        return Scores("spearman", rows, _spearman), Scores("pearson", rows, _pearson)
    if examples.relevance is None:
        return ()
    rows = np.stack([np.asarray(examples.relevance), found], axis=1)
    candidates = Candidates.of([text[0] for text in examples.texts], examples.relevance)
    per_query = (
        Scores(name, np.asarray(candidates.measured(measure, found, 10))[:, None], _mean)
        for name, measure in (("mrr_at_10", reciprocal_rank_at_k), ("ndcg_at_10", ndcg_at_k))
        if candidates.candidates
    )
    return Scores("average_precision", rows, _average_precision), *per_query


def _retrieval_scores(
    retrieval: Retrieval, outputs: Sequence[Array], similarity: str
) -> tuple[Scores, ...]:
    ranked = list(rank_documents(np.stack(list(outputs)), retrieval, 100, similarity))
    judged = list(zip(retrieval.relevance, ranked, strict=True))

    def per_query(name: str, measure: Callable[..., float], k: int) -> Scores:
        values = [[measure(relevance, documents, k)] for relevance, documents in judged]
        return Scores(f"{name}_at_{k}", np.asarray(values), _mean)

    return (
        per_query("ndcg", ndcg_at_k, 10),
        per_query("recall", recall_at_k, 10),
        per_query("recall", recall_at_k, 100),
    )


def _label_scores(
    spec: ModelSpec, examples: Examples, outputs: Sequence[Array]
) -> tuple[Scores, ...]:
    """Rows are expected and predicted labels side by side: numbers, or 0 and 1 for each label."""
    several = spec.multi_label
    labelled = examples.require_label_sets(spec.labels) if several else examples.require_labels()
    expected = [label_indices(spec, examples, names, row) for row, names in enumerate(labelled)]
    logits = np.stack(list(outputs))
    if spec.multi_label:
        wanted = np.asarray(
            [[label in row for label in range(len(spec.labels))] for row in expected]
        )
        rows = np.hstack([wanted, logits >= 0]).astype(np.int64)
        return Scores("accuracy", _right(rows), _mean), Scores("macro_f1", rows, _macro_f1)
    for row, labels in enumerate(expected):
        if len(labels) != 1:
            raise InputError(
                f"{examples.where(row)}: {len(labels)} labels, but the model gives one to a text"
            )
    rows = np.stack([[label for (label,) in expected], logits.argmax(axis=-1)], axis=1)
    return (
        Scores("accuracy", _right(rows), _mean),
        Scores("macro_f1", rows, _macro_f1),
        Scores("mcc", rows, _matthews),
    )


def _entity_scores(examples: Examples, entities: Sequence[Sequence[Entity]]) -> tuple[Scores, ...]:
    if examples.entities is None:
        return ()
    return (Scores("entity_f1", entity_hits(examples.entities, entities), _entity_f1),)


def _answer_scores(
    gold: Sequence[Sequence[str]] | None, predicted: Sequence[str]
) -> tuple[Scores, ...]:
    pairs = list(zip(predicted, gold or (), strict=True))
    return tuple(
        Scores(name, np.asarray([[measure(one, right)] for one, right in pairs]), _mean)
        for name, measure in (("f1", squad.token_f1), ("exact_match", squad.exact_match))
    )


def _sides(rows: Numbers) -> tuple[Numbers, Numbers]:
    """Expected and predicted: [n] each where a row is two numbers, else [n, labels]."""
    half = rows.shape[1] // 2
    return (rows[:, 0], rows[:, 1]) if half == 1 else (rows[:, :half], rows[:, half:])


def _right(rows: Numbers) -> Numbers:
    expected, predicted = (side.reshape(len(rows), -1) for side in _sides(rows))
    return np.asarray((expected == predicted).all(axis=1, keepdims=True), np.float64)


def _mean(rows: Numbers) -> float:
    return 100 * float(rows.mean())


def _macro_f1(rows: Numbers) -> float:
    return 100 * macro_f1(*_sides(rows))


def _matthews(rows: Numbers) -> float:
    return 100 * matthews(*_sides(rows))


def _average_precision(rows: Numbers) -> float:
    return 100 * average_precision(rows[:, 0], rows[:, 1])


def _spearman(rows: Numbers) -> float:
    return 100 * spearman(rows[:, 0], rows[:, 1])


def _pearson(rows: Numbers) -> float:
    return 100 * pearson(rows[:, 0], rows[:, 1])


def _entity_f1(rows: Numbers) -> float:
    return 100 * micro_f1(rows)
