"""Why two sides differ: tokenizer, pooling, label order, head or body.

Each finding is told from what it alone changes: the token ids, the way token vectors become one
vector, the order of the logits, the weights behind the encoder, the weights in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Text
from edgebert.drift.weights import WeightComparison, belongs_to_body
from edgebert.measures.similarity import cosines
from edgebert.records.checked import Cause, WeightChange
from edgebert.references.pooling import pool
from edgebert.references.sources import Inputs, Probe
from edgebert.sentence_modules import POOLINGS
from edgebert.tasks.answers import Answers

TOKENIZER, POOLING, LABEL_ORDER, HEAD, BODY = "tokenizer", "pooling", "label order", "head", "body"
SIMILARITY = "similarity"
QUANTIZATION = "quantization"
"""What remains where nothing is damaged."""

_SAMPLE = 16
_CHUNK = 64
_REPAIRED = 0.25  # a finding explains a difference when undoing it leaves at most this share
_LENGTHS_DIFFER = 0.1  # rounding changes the length of a vector by a hundredth at most


@dataclass(frozen=True)
class Side:
    """One side of a comparison: its answers, and the model itself where it can be looked into."""

    probe: Probe | None
    labels: tuple[str, ...]
    answers: Answers

    @property
    def embeds(self) -> bool:
        """Whether the answers are vectors: those of every other task have labels or rows."""
        outputs = self.answers.outputs or ()
        return not self.labels and any(output.ndim == 1 for output in outputs)


def find_causes(
    reference: Side, candidate: Side, texts: Sequence[Text], weights: WeightComparison | None
) -> tuple[Cause, ...]:
    """Everything in which the candidate is not the reference's model, rounding aside."""
    left, right = reference.probe, candidate.probe
    causes: list[Cause | None] = []
    if left and right:
        causes.append(_tokenizer(left, right, texts) or _target_tokenizer(reference, candidate))
    before, after = reference.answers.outputs, candidate.answers.outputs
    if before and after and reference.labels:
        causes.append(_label_order(before, after, reference.labels))
    elif before and after and reference.embeds:
        causes.append(_pooling(left, right, texts, np.stack(before), np.stack(after)))
        causes.append(_similarity(left, right))
    found = [cause for cause in causes if cause]
    if weights and weights.related:
        found += _weights(weights)
    names = {cause.name for cause in found}
    return tuple(c for c in found if c.name != HEAD or LABEL_ORDER not in names)  # its rows swapped


def examined(reference: Side, candidate: Side, weights: WeightComparison | None) -> tuple[str, ...]:
    """The causes that `find_causes` could have found: saved outputs, say, show no tokenizer."""
    answered = bool(reference.answers.outputs and candidate.answers.outputs)
    related = weights is not None and weights.related
    looked_at = {
        TOKENIZER: bool(reference.probe and candidate.probe),
        POOLING: answered and reference.embeds,
        SIMILARITY: bool(reference.probe and candidate.probe) and reference.embeds,
        LABEL_ORDER: answered and bool(reference.labels),
        HEAD: related and not reference.embeds,
        BODY: related,
    }
    return tuple(name for name, looked in looked_at.items() if looked)


def unexplained(weights: WeightComparison | None) -> Cause:
    """What remains when a bound is broken and `find_causes` found nothing."""
    if weights is None:
        return Cause(BODY, "or head: one side has no weights to compare; token ids agree")
    if not weights.related:
        return Cause(BODY, "the two are different models: their weights have nothing in common")
    if weights.bits <= 8:
        detail = "no weight is off by more than int8 rounding explains: the scheme is too coarse"
        return Cause(QUANTIZATION, detail)
    return Cause(BODY, "the weights agree, so the graph computes something else with them")


def _tokenizer(left: Probe, right: Probe, texts: Sequence[Text]) -> Cause | None:
    other = [
        text
        for start in range(0, len(texts), _CHUNK)
        for text in _other_pieces(left, right, texts[start : start + _CHUNK])
    ]
    if not other:
        return None
    shown = other[0] if isinstance(other[0], str) else " | ".join(other[0])
    detail = f"{len(other)} of {len(texts)} texts give other token ids, first {shown[:60]!r}"
    return Cause(TOKENIZER, detail)


def _target_tokenizer(reference: Side, candidate: Side) -> Cause | None:
    """Do both sides read given targets as the same tokens?"""
    before, after = reference.answers.next_tokens, candidate.answers.next_tokens
    if before is None or after is None:
        return None
    other = sum(
        not np.array_equal(one.expected, two.expected)
        for one, two in zip(before, after, strict=True)
    )
    if not other:
        return None
    return Cause(TOKENIZER, f"{other} of {len(before)} targets are other tokens")


def _other_pieces(left: Probe, right: Probe, texts: Sequence[Text]) -> Iterator[Text]:
    """Texts with other ids; other pieces, where a vocabulary was trimmed and numbered anew."""
    trimmed = left.vocabulary_size != right.vocabulary_size
    for text in _other_ids(left, right, texts):
        if not trimmed or _pieces(left, text) != _pieces(right, text):
            yield text


def _pieces(probe: Probe, text: Text) -> list[str]:
    (ids,) = _ids(probe.encode([text]))
    return [probe.piece(token_id) for token_id in ids]


def _other_ids(left: Probe, right: Probe, texts: Sequence[Text]) -> Iterator[Text]:
    before, after = (_ids(probe.encode(texts)) for probe in (left, right))
    for text, a, b in zip(texts, before, after, strict=True):
        if a != b:
            yield text


def _ids(inputs: Inputs) -> list[list[int]]:
    rows = zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
    return [ids[mask.astype(bool)].tolist() for ids, mask in rows]


def _label_order(
    before: Sequence[Array], after: Sequence[Array], labels: tuple[str, ...]
) -> Cause | None:
    """Do the candidate's logits fit the reference's in another order far better than in theirs?"""
    same = [(a, b) for a, b in zip(before, after, strict=True) if a.shape == b.shape]
    if not same:
        return None
    left, right = (np.vstack([pair[side] for pair in same]) for side in (0, 1))
    apart = np.stack([np.abs(left - right[:, [k]]).mean(axis=0) for k in range(len(labels))], 1)
    best = apart.argmin(axis=1)  # for each label the candidate's column that is closest
    moved = np.flatnonzero(best != np.arange(len(labels)))
    if not moved.size or sorted(best[moved]) != sorted(moved):
        return None
    if apart[moved, best[moved]].sum() > _REPAIRED * apart[moved, moved].sum():
        return None
    places = ", ".join(f"{labels[i]!r} in the place of {labels[best[i]]!r}" for i in moved[:4])
    return Cause(LABEL_ORDER, f"the answers agree once labels change places: {places}")


def _pooling(
    left: Probe | None, right: Probe | None, texts: Sequence[Text], before: Array, after: Array
) -> Cause | None:
    if left and right and left.pooling and right.pooling and left.pooling != right.pooling:
        return Cause(POOLING, f"{left.pooling} on one side, {right.pooling} on the other")
    lengths = np.linalg.norm(before, axis=1)
    some = lengths > 0  # a text may stand for no piece of a vocabulary
    ratio = float(np.median(np.linalg.norm(after[some], axis=1) / lengths[some]))
    if not abs(ratio - 1) <= _LENGTHS_DIFFER:
        detail = f"the vectors are {ratio:.3g} times as long: only one side normalizes them"
        return Cause(POOLING, detail)
    return _other_pooling(left, right, texts) if left and right else None


def _similarity(left: Probe | None, right: Probe | None) -> Cause | None:
    """Are the vectors compared alike? Each model is ranked by what it says itself."""
    if left is None or right is None or left.similarity_fn_name == right.similarity_fn_name:
        return None
    names = f"{left.similarity_fn_name} on one side, {right.similarity_fn_name} on the other"
    return Cause(SIMILARITY, names)


def _other_pooling(left: Probe, right: Probe, texts: Sequence[Text]) -> Cause | None:
    """Do the candidate's token vectors, pooled in another way, give the reference's vectors?"""
    sample = texts[:: max(1, len(texts) // _SAMPLE)][:_SAMPLE]
    other = set(_other_ids(left, right, sample))  # ids that may lie outside the other's vocabulary
    alike = [text for text in sample if text not in other]
    if not alike:
        return None
    inputs = left.encode(alike)
    wanted, found = left.run(inputs)[left.output_name], right.run(inputs)
    hidden = found.get("last_hidden_state")
    if hidden is None or hidden.shape[2] != wanted.shape[1]:  # a Dense layer lies between
        return None
    mask = inputs["attention_mask"]
    apart = {how: _apart(wanted, pool(hidden, mask, how)) for how in POOLINGS}
    best = min(apart, key=apart.__getitem__)
    as_given = _apart(wanted, found[right.output_name])
    if as_given < 1e-6 or apart[best] > _REPAIRED * as_given:
        return None
    return Cause(POOLING, f"{best} pooling of the candidate's token vectors gives the reference's")


def _apart(a: Array, b: Array) -> float:
    return float((1 - cosines(a, b)).mean())


def _weights(weights: WeightComparison) -> list[Cause]:
    body = [change for change in weights.changed if belongs_to_body(change.name)]
    head = [change for change in weights.changed if not belongs_to_body(change.name)]
    of = len(weights.changes)
    return [
        Cause(name, f"{_described(changes[0])} ({len(changes)} of {of} weights differ)")
        for name, changes in ((HEAD, head), (BODY, body))
        if changes
    ]


def _described(change: WeightChange) -> str:
    if change.residual < 0.2 and abs(change.gain - 1) > change.residual:
        return f"{change.name} is {change.gain:.4g} times the reference's"
    return f"{change.name} differs by {100 * change.residual:.0f} % of its norm"
