"""Two sides on the same texts: everything that `check` and `quantize` decide on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from edgebert import measures
from edgebert.arrays import Array
from edgebert.data import Examples, Text
from edgebert.drift.invariance import batched_runs
from edgebert.drift.metrics import scores_of
from edgebert.drift.slices import slice_of, slices_of
from edgebert.drift.translating import targets_of, with_next_tokens, written_by
from edgebert.errors import InputError
from edgebert.measures.compared import Compared, Floats
from edgebert.measures.distances import histogram
from edgebert.measures.labels import CHANGED_LABELS
from edgebert.measures.measure import Measure
from edgebert.measures.metrics import METRICS
from edgebert.measures.scores import Scores
from edgebert.records.checked import Flips, Histogram, Metric, Slice, Worst
from edgebert.records.manifest import (
    COSINE,
)
from edgebert.references.prompting import require_an_answer_each
from edgebert.references.saved import SavedOutputs
from edgebert.references.sources import (
    Source,
    aggregation_of,
    ask,
    some_impossible,
)
from edgebert.tasks.answers import Answers

WORST = 20
"""How many of the texts that moved most a comparison keeps."""

P = TypeVar("P")


@dataclass(frozen=True)
class Comparison:
    """How far a candidate is from a reference.

    Attributes:
        texts: what was compared: the two sides of pairs one by one, for embeddings.
        before, after: what the two sides answered, the candidate's labels in the reference's order.
        compared: these answers, as measures look at them. The distance of a text is 1 - cosine for
            embeddings, else its largest change of a probability or a score; where only entities
            are known, the share that one side alone found; for answers to questions 1 - F1 of
            their words.
        parts: what each measure found, by its key.
        targets: translations that the file has.
    """

    task: str
    texts: tuple[Text, ...]
    before: Answers
    after: Answers
    compared: Compared
    parts: Mapping[str, Any]
    slices: tuple[Slice, ...]
    targets: tuple[str, ...] | None = None

    def found(self, measure: Measure[P]) -> P | None:
        """What a measure found; None where these answers do not have it."""
        part: P | None = self.parts.get(measure.key)
        return part

    @property
    def distances(self) -> Floats:
        return self.compared.distances

    @property
    def distance_mean(self) -> float:
        return float(self.distances.mean())

    @property
    def labels(self) -> Flips | None:
        return self.found(CHANGED_LABELS)

    @property
    def metric(self) -> Metric | None:
        metrics = self.found(METRICS)
        return metrics[0] if metrics else None

    @property
    def histogram(self) -> Histogram:
        return histogram(self.distances)

    @property
    def decisions(self) -> int:
        """How many labels were compared, or texts where there are none."""
        return self.labels.n if self.labels else len(self.texts)

    @property
    def data_sha256(self) -> str:
        """Hash of the texts, in order, with their translations where the file has some."""
        texts = zip(self.texts, self.targets, strict=True) if self.targets else self.texts
        joined = "\0".join(t if isinstance(t, str) else "\1".join(map(str, t)) for t in texts)
        return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def worst(self) -> tuple[Worst, ...]:
        order = np.argsort(-self.distances, kind="stable")[:WORST]
        return tuple(Worst(_shown(self.texts[i]), float(self.distances[i])) for i in order)


def compare(
    reference: Source, candidate: Source, examples: Examples, *, slice_by: Sequence[str] = ()
) -> Comparison:
    """Let both sides answer the texts and measure how far they disagree.

    Args:
        reference: what is right.
        candidate: what is measured.
        examples: the texts, and labels where there are some.
        slice_by: "length", "script" or columns of the file, to look at parts of the texts.

    Raises:
        InputError: the two do not answer the same question, or the file does not fit the task.
    """
    _same_question(reference, candidate)
    most = reference.spec.task.most_compared
    if most is not None:
        examples = examples.take(_spread(len(examples), most))
    groups = [group for by in slice_by for group in slices_of(examples, by)]
    texts = compared_texts(reference, examples)
    require_an_answer_each(reference, candidate, texts, examples.retrieval)
    before, after = _asked(reference, candidate, examples, texts)
    targets = None
    if reference.spec.task.writes:
        targets = targets_of(examples)
        before, after = with_next_tokens((reference, candidate), texts, (before, after), targets)
    compared = _compared(reference, candidate, examples, before, after)
    if not isinstance(candidate, SavedOutputs):
        compared = replace(compared, batched=partial(batched_runs, candidate, texts))
    return Comparison(
        task=reference.task,
        texts=texts,
        before=before,
        after=after,
        compared=compared,
        parts=measures.compute(compared),
        slices=tuple(slice_of(group, len(examples), compared) for group in groups),
        targets=targets,
    )


def _compared(
    reference: Source, candidate: Source, examples: Examples, before: Answers, after: Answers
) -> Compared:
    """The answers as measures look at them, by what they hold."""
    names, spec = _compared_by(reference, candidate), reference.spec
    vectors = _vectors(before, after) if spec.task.vectors else None
    distances, changed = spec.task.disagreement(
        before,
        after,
        scorings=(spec.scoring, candidate.scoring),
        multi_label=spec.multi_label,
        decides=not spec.gives_score,
    )
    logits = None if vectors or changed is None else _logits(before, after)
    left, right = (
        _scores(reference, examples, answers, name)
        for answers, name in zip((before, after), names, strict=True)
    )
    return Compared(
        distances=distances,
        vectors=vectors,
        similarities=names,
        logits=logits,
        multi_label=spec.multi_label,
        changed=changed,
        decisions=spec.task.decisions,
        entities=_entities(before, after),
        written=(written_by(before), written_by(after)) if spec.task.writes else None,
        scores=tuple(zip(left, right, strict=True)),
    )


def _asked(
    reference: Source, candidate: Source, examples: Examples, texts: Sequence[Text]
) -> tuple[Answers, Answers]:
    """What both sides answer, the candidate's labels in the reference's order."""
    impossible = some_impossible(examples)
    before, after = (
        ask(
            one,
            texts,
            examples.retrieval,
            aggregation=aggregation_of(one, other),
            allow_no_answer=impossible,
        )
        for one, other in ((reference, candidate), (candidate, reference))
    )
    return before, _in_order(after, candidate.labels, reference.labels)


def compared_texts(model: Source, examples: Examples) -> tuple[Text, ...]:
    """The texts a model of this task is run on; an embedding model reads each side of a pair.

    A text without a mask gets one, where words are guessed.
    """
    return model.spec.task.compared_texts(examples, model.spec.mask_token)


def _spread(n: int, wanted: int) -> list[int]:
    """At most `wanted` of n places, evenly spread."""
    taken = min(n, wanted)
    return [place * n // taken for place in range(taken)]


def _same_question(reference: Source, candidate: Source) -> None:
    if reference.task != candidate.task:
        raise InputError(
            "the two do not compare: the reference answers "
            f"{reference.task}, the candidate {candidate.task}"
        )
    only = set(reference.labels) ^ set(candidate.labels)
    if only and reference.labels and candidate.labels:
        raise InputError(
            f"the two do not compare: label {min(only)!r} is known to one side only "
            f"({len(reference.labels)} and {len(candidate.labels)} labels)"
        )
    a, b = reference.max_length, candidate.max_length
    if a is not None and b is not None and a != b:
        raise InputError(f"the two do not compare: max length is {a} on one side, {b} on the other")


def _compared_by(reference: Source, candidate: Source) -> tuple[str, str]:
    """What each side compares embeddings by; saved ones do not say, and go with the other side."""
    left, right = reference.similarity_fn_name, candidate.similarity_fn_name
    return left or right or COSINE, right or left or COSINE


def _in_order(answers: Answers, labels: Sequence[str], wanted: Sequence[str]) -> Answers:
    """The same answers with the columns of their logits in another order of the labels."""
    if answers.outputs is None or not wanted or tuple(labels) == tuple(wanted):
        return answers
    columns = [list(labels).index(label) for label in wanted]
    return replace(answers, outputs=tuple(row[..., columns] for row in answers.outputs))


def _vectors(before: Answers, after: Answers) -> tuple[Array, Array]:
    assert before.outputs is not None and after.outputs is not None
    a, b = np.stack(before.outputs), np.stack(after.outputs)
    if a.shape != b.shape:
        raise InputError(
            f"the two do not compare: vectors of {a.shape[1]} and of {b.shape[1]} numbers"
        )
    return a, b


def _logits(before: Answers, after: Answers) -> tuple[tuple[Array, ...], tuple[Array, ...]] | None:
    if before.outputs is None or after.outputs is None:
        return None
    return before.outputs, after.outputs


def _entities(before: Answers, after: Answers) -> tuple[Any, Any] | None:
    if before.entities is None or after.entities is None:
        return None
    return before.entities, after.entities


def _scores(
    reference: Source, examples: Examples, answers: Answers, similarity: str
) -> tuple[Scores, ...]:
    """Scored with the reference's labels, in whose order both sides' logits are by now."""
    return scores_of(
        reference.spec,
        examples,
        answers.outputs or (),
        entities=answers.entities,
        answers=answers.answers,
        similarity=similarity,
    )


def _shown(text: Text) -> str:
    whole = text if isinstance(text, str) else " | ".join(text)
    return whole if len(whole) <= 300 else whole[:299] + "…"
