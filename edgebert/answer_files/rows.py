"""Answers as rows, with the keys that scripts read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edgebert.data import Text
from edgebert.tasks import Task
from edgebert.vectors.ranking import Hit

Row = dict[str, Any]
"""A text (of a pair both, as a tuple) and its answer; an embedding is a float32 array [dim]."""


def answer_row(task: Task, text: Text, answer: Any) -> Row:
    """A text and its answer, as a task tells it."""
    return {"text": text, **task.row(answer)}


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
