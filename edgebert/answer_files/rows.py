"""Answers as rows, with the keys that scripts read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Text
from edgebert.runtimes import Answer, Classification, Entity, Fill, Hit

Row = dict[str, Any]
"""A text (of a pair both, as a tuple) and its answer; an embedding is a float32 array [dim]."""


def embedding_row(text: Text, vector: Array) -> Row:
    return {"text": text, "embedding": vector}


def classification_row(text: Text, answer: Classification) -> Row:
    row = {"text": text, "label": answer.label, "score": answer.score, "scores": answer.scores}
    return row if answer.labels is None else row | {"labels": answer.labels}


def entities_row(text: Text, entities: Sequence[Entity]) -> Row:
    return {"text": text, "entities": [asdict(entity) for entity in entities]}


def fills_row(text: Text, fills: Sequence[Fill]) -> Row:
    return {"text": text, "fills": [asdict(fill) for fill in fills]}


def answer_row(text: Text, answer: Answer) -> Row:
    """A question with its context, and the answer, at its characters of the context."""
    place = {"start": answer.start, "end": answer.end}
    return {"text": text, "answer": answer.text, "score": answer.score, **place}


def hits_row(query: str, hits: Sequence[Hit]) -> Row:
    """A query and what was found for it, the best first."""
    return {"query": query, "hits": [asdict(hit) for hit in hits]}


def failed_row(text: Text, why: str) -> Row:
    """A text that cannot be answered, and why."""
    return {"text": text, "error": why}


def to_json(value: Any) -> str:
    """JSON of a row or of one of its values.

    The numbers of an array have nine digits, which give each float32 back, and take a quarter of
    the time that the fewest such digits take.
    """
    if isinstance(value, np.ndarray):
        return f"[{('%.9g, ' * len(value))[:-2] % tuple(value.tolist())}]"
    if isinstance(value, dict) and any(isinstance(item, np.ndarray) for item in value.values()):
        return "{" + ", ".join(f"{json.dumps(k)}: {to_json(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
