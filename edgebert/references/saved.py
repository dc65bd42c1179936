"""Answers that `embed`, `classify`, `tag`, `answer` or `translate` wrote, perhaps elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Text
from edgebert.data.makers import makers_of_rows
from edgebert.data.rows import Row, read_rows
from edgebert.errors import InputError
from edgebert.records.fingerprint import Fingerprint
from edgebert.records.manifest import IDENTITY, SIGMOID, SOFTMAX
from edgebert.runtimes import Entity
from edgebert.tasks import TASKS
from edgebert.tasks.spec import ModelSpec

A = TypeVar("A")

_TASKS = {task.saved_key: task for task in TASKS if task.saved_key}
_SMALLEST = 1e-12  # a probability that was rounded to 0 still needs a logit


class SavedOutputs:
    """A .jsonl file with one answer a line, as a side of a comparison.

    Attributes:
        makers: the model that made all of them, once for each prompt it had, where they say so.

    Raises:
        InputError: on construction, a file that holds no such answers; the message names the line.
    """

    max_length = None
    similarity_fn_name = None

    def __init__(self, path: Path) -> None:
        self.path = path
        rows = read_rows(path)
        if not rows:
            raise InputError(f"{path} holds no answers")
        for number, cells in rows:
            if "error" in cells and not set(_TASKS) & set(cells):
                raise InputError(f"{path}, line {number}: holds no answer: {cells['error']}")
        self._key = self._find_key(rows[0])
        self.makers = makers_of_rows(path, rows)
        self._answers = {self._text(row): row for row in rows}
        self.labels = tuple(rows[0][1]["scores"]) if self._key == "scores" else ()
        self.multi_label = "labels" in rows[0][1]

    @property
    def made_by(self) -> Fingerprint | None:
        """The model that made the answers, and the options of the run where these are all alike."""
        return (
            self.makers[0] if len(self.makers) == 1 else next((m.model for m in self.makers), None)
        )

    @property
    def scoring(self) -> str:
        """How the saved scores are made of `outputs`: a single one is kept as it is."""
        if len(self.labels) == 1 and not self.multi_label:
            return IDENTITY
        return SIGMOID if self.multi_label else SOFTMAX

    @property
    def spec(self) -> ModelSpec:
        """What is known of the model: not its length, as all of a text was answered or none."""
        return ModelSpec(
            task=_TASKS[self._key],
            max_length=0,
            labels=self.labels,
            multi_label=self.multi_label,
            scoring=self.scoring,
        )

    @property
    def task(self) -> str:
        return self.spec.task.name

    @property
    def texts(self) -> tuple[Text, ...]:
        """The texts that were answered, each once."""
        return tuple(self._answers)

    def outputs(self, texts: Sequence[Text]) -> tuple[Array, ...] | None:
        """Vectors, or logits that give the saved scores; None where neither was saved."""
        if self._key == "entities" or self.spec.task.saved_as_text:
            return None
        read = self._vector if self._key == "embedding" else self._logits
        rows = self._each(texts, read)
        if len({len(row) for row in rows}) > 1:
            raise InputError(f"{self.path}: its vectors are of different lengths")
        return rows

    def entities(self, texts: Sequence[Text]) -> tuple[tuple[Entity, ...], ...] | None:
        return self._each(texts, self._entities) if self._key == "entities" else None

    def answers(self, texts: Sequence[Text]) -> tuple[str, ...] | None:
        """The answer to each (question, context), or the translation of each text."""
        if not self.spec.task.saved_as_text:
            return None
        return self._each(texts, lambda row: str(row[1][self._key]))

    def _find_key(self, row: Row) -> str:
        for key in _TASKS:
            if key in row[1]:
                return key
        raise InputError(
            f"{self.path}, line {row[0]}: expected what embed, classify or tag writes: 'text' with "
            f"{', '.join(map(repr, _TASKS))}; found {', '.join(row[1]) or 'nothing'}"
        )

    def _text(self, row: Row) -> Text:
        text = row[1].get("text")
        if isinstance(text, str):
            return text
        if isinstance(text, list) and len(text) == 2:
            return str(text[0]), str(text[1])
        raise InputError(f"{self.path}, line {row[0]}: expected a 'text'")

    def _each(self, texts: Sequence[Text], read: Callable[[Row], A]) -> tuple[A, ...]:
        missing = [text for text in texts if text not in self._answers]
        if missing:
            raise InputError(
                f"{self.path} has no answer for {len(missing)} of {len(texts)} texts, "
                f"first {str(missing[0])[:60]!r}"
            )
        return tuple(self._read(self._answers[text], read) for text in texts)

    def _read(self, row: Row, read: Callable[[Row], A]) -> A:
        try:
            return read(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{self.path}, line {row[0]}: its '{self._key}' cannot be read"
            ) from error

    def _vector(self, row: Row) -> Array:
        vector = np.asarray(row[1]["embedding"], np.float32)
        if vector.ndim != 1 or not np.isfinite(vector).all():
            raise ValueError
        return vector

    def _logits(self, row: Row) -> Array:
        scores: dict[str, Any] = row[1]["scores"]
        chances = np.asarray([float(scores[label]) for label in self.labels], np.float64)
        if self.scoring == IDENTITY and len(scores) == 1 and np.isfinite(chances).all():
            return chances.astype(np.float32)
        if len(scores) != len(self.labels) or not ((chances >= 0) & (chances <= 1)).all():
            raise ValueError
        logits = np.log(np.maximum(chances, _SMALLEST))
        if self.multi_label:
            logits -= np.log(np.maximum(1 - chances, _SMALLEST))
        return np.asarray(logits, np.float32)

    def _entities(self, row: Row) -> tuple[Entity, ...]:
        return tuple(
            Entity(e["text"], e["label"], float(e["score"]), int(e["start"]), int(e["end"]))
            for e in row[1]["entities"]
        )
