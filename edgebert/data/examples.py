"""Texts of one file, with whatever labels, scores, entities or answers stand beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from edgebert.data.columns import Columns
from edgebert.data.entities import Span
from edgebert.data.rows import head_of, place_of
from edgebert.data.scores import SCORE_COLUMNS, score_of
from edgebert.errors import InputError

T = TypeVar("T")
_ZERO_OR_ONE = frozenset({("0",), ("1",)})
Text = str | tuple[str, str]
"""One text, or a pair of texts that are read together."""


@dataclass(frozen=True)
class Retrieval:
    """Which texts are queries, and which documents answer them.

    Attributes:
        queries: how many of the texts are queries; they come first, the rest are documents.
        relevance: for each query its judged documents (numbered from 0 among the documents) and
            their grades; what is not judged is not relevant.
        identical: queries that bear the id of a document, and that document. It is left out of
            the query's ranking, as BEIR does.
    """

    queries: int
    relevance: tuple[dict[int, int], ...]
    identical: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Examples:
    """Texts of one file, in order. What the file does not hold is None.

    Attributes:
        labels: for each text its label names: those of a list, or the whole cell as one.
        label_lists: whether the file gives lists of labels, and so says that it is multi-label.
        scores: for each pair of texts its similarity.
        entities: for each text its entities as character spans.
        answers: for each (question, context) its right answers; none where it has no answer.
        negatives: for each pair (anchor, positive) the texts that do not belong to its anchor.
        answer_starts: for each of them the character of the context where the file says it starts.
        retrieval: for queries and documents, which belong together.
        columns: names of a table's columns, and `cells` its rows as they were read.
        named: how its columns were named by whoever reads it; None where they cannot be.
        lines: for each text the line it came from.
        places: for each text, where no line tells, how a message about it begins.
    """

    path: Path
    texts: tuple[Text, ...]
    labels: tuple[tuple[str, ...], ...] | None = None
    scores: tuple[float, ...] | None = None
    entities: tuple[tuple[Span, ...], ...] | None = None
    columns: tuple[str, ...] = ()
    answers: tuple[tuple[str, ...], ...] | None = None
    answer_starts: tuple[tuple[int | None, ...], ...] | None = field(default=None, repr=False)
    retrieval: Retrieval | None = None
    cells: tuple[dict[str, Any], ...] | None = field(default=None, repr=False)
    lines: tuple[int, ...] | None = field(default=None, repr=False)
    label_lists: bool = False
    negatives: tuple[tuple[str, ...], ...] | None = None
    named: Columns | None = field(default=None, repr=False)
    places: tuple[str, ...] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> Examples:
        """These rows, in this order, with whatever stands beside them.

        Judgements of a retrieval set hold for the whole set, so its rows are plain texts.
        """

        def chosen(values: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(values[row] for row in rows)

        return replace(
            self,
            texts=chosen(self.texts),
            labels=self.labels and chosen(self.labels),
            scores=self.scores and chosen(self.scores),
            entities=self.entities and chosen(self.entities),
            answers=self.answers and chosen(self.answers),
            negatives=self.negatives and chosen(self.negatives),
            answer_starts=self.answer_starts and chosen(self.answer_starts),
            retrieval=None,
            cells=self.cells and chosen(self.cells),
            lines=self.lines and chosen(self.lines),
            places=self.places and chosen(self.places),
        )

    def single_texts(self) -> list[str]:
        """Every text by itself: the two sides of a pair one after the other."""
        sides = [(t,) if isinstance(t, str) else t for t in self.texts]
        return [side for text in sides for side in text]

    def column(self, name: str) -> tuple[str, ...]:
        """The values of a table's column, as text; empty where a row has none.

        Raises:
            InputError: the file has no such column.
        """
        if self.cells is None or name not in self.columns:
            raise self._missing(f"a column named {name!r}")
        values = (cells.get(name) for cells in self.cells)
        return tuple("" if value is None else str(value) for value in values)

    def where(self, row: int) -> str:
        """The file and, where it is known, the line of a row: how a message about it begins."""
        if self.places is not None:
            return self.places[row]
        return str(self.path) if self.lines is None else place_of(self.path, self.lines[row])

    def require_labels(self) -> tuple[tuple[str, ...], ...]:
        if self.labels is None:
            raise self._missing("a 'label' column", "Name yours with --label-column")
        return self.labels

    def require_label_sets(self, known: Collection[str] = ()) -> tuple[tuple[str, ...], ...]:
        """For each text its labels in a multi-label task: in a cell, `|` separates them.

        Args:
            known: labels of the model; one of them that holds a `|` itself is not cut in two.

        Raises:
            InputError: no labels, an empty one, or a cell that is one of `known` as it is.
        """
        labels = self.require_labels()
        if self.label_lists:
            return labels
        return tuple(
            self._cut(row, names[0], known) if len(names) == 1 else names
            for row, names in enumerate(labels)
        )

    def _cut(self, row: int, cell: str, known: Collection[str]) -> tuple[str, ...]:
        names = tuple(name.strip() for name in cell.split("|"))
        if not all(names):
            raise InputError(f"{self.where(row)}: an empty label in {cell!r}")
        if len(names) > 1 and cell in known:
            raise InputError(
                f"{self.where(row)}: {cell!r} may be one label or {len(names)}: give lists of "
                "labels, in .jsonl or .parquet"
            )
        return names

    def require_scored_pairs(self) -> tuple[tuple[tuple[str, str], ...], tuple[float, ...]]:
        if self.scores is None:
            raise self._missing(
                "two texts ('sentence1', 'sentence2') and a 'score' column",
                "Name yours with --text-column, --pair-column and --label-column",
            )
        pairs = tuple(text for text in self.texts if isinstance(text, tuple))
        return pairs, self.scores

    def require_translations(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The sources and the targets of a file.

        Raises:
            InputError: it holds no pairs, or one with an empty side.
        """
        pairs = []
        for row, text in enumerate(self.texts):
            if isinstance(text, str):
                raise InputError(
                    f"{self.where(row)}: expected a text and its translation, in the columns "
                    "'source' and 'target' or those that --text-column and --pair-column name"
                )
            for side, name in zip(text, ("source", "target"), strict=True):
                if not side.strip():
                    raise InputError(f"{self.where(row)}: the {name} of the pair is empty")
            pairs.append(text)
        sources, targets = zip(*pairs, strict=True)
        return sources, targets

    def require_related_pairs(
        self,
    ) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, ...], ...]]:
        """Pairs of texts that belong together, and for each the texts that do not.

        Raises:
            InputError: no pairs, or pairs of which labels say something, and no scores.
        """
        pairs = tuple(text for text in self.texts if isinstance(text, tuple))
        if not pairs:
            raise self._missing(
                "two texts ('sentence1', 'sentence2') and a 'score' column, or two that belong "
                "together ('anchor', 'positive')"
            )
        if self.labels is not None and self.negatives is None:
            raise InputError(
                f"{head_of(self.path)}: the labels do not say which pairs belong together: give a "
                "'score' column, or those pairs alone as 'anchor' and 'positive'"
            )
        return pairs, self.negatives or ((),) * len(pairs)

    @property
    def belong_together(self) -> bool:
        """Whether the texts are pairs of which nothing is said but that they belong together."""
        said = self.scores is not None or (self.labels is not None and self.negatives is None)
        return not said and all(isinstance(text, tuple) for text in self.texts)

    @cached_property
    def text_scores(self) -> tuple[float, ...] | None:
        """For each text or pair its score; None where the file has no column of scores.

        Raises:
            InputError: a cell of that column is no number.
        """
        column = next((name for name in SCORE_COLUMNS if name in self.columns), None)
        if self.scores is not None or self.cells is None or column is None:
            return self.scores
        return tuple(
            self._score(row, column, cells.get(column)) for row, cells in enumerate(self.cells)
        )

    def _score(self, row: int, column: str, cell: Any) -> float:
        try:
            return score_of(cell)
        except ValueError as error:
            raise InputError(f"{self.where(row)}: '{column}' {error}") from error

    def require_text_scores(self) -> tuple[float, ...]:
        if self.text_scores is None:
            raise self._missing("a 'score' column")
        return self.text_scores

    @property
    def relevance(self) -> tuple[float, ...] | None:
        """For each pair how well its second text answers the first; None where nothing says it."""
        try:
            return self.require_relevance()
        except InputError:
            return None

    def require_relevance(self) -> tuple[float, ...]:
        """For each pair its label of 0 or 1, or where labels say something else its score.

        Raises:
            InputError: no pairs, neither of them, or a score that does not lie between 0 and 1.
        """
        if not all(isinstance(text, tuple) for text in self.texts) or (
            self.labels is None and self.scores is None
        ):
            raise self._missing(
                "two texts ('sentence1', 'sentence2') and a 'label' or 'score' column",
                "Name yours with --text-column, --pair-column and --label-column",
            )
        if self.labels is not None and (self.scores is None or set(self.labels) <= _ZERO_OR_ONE):
            return tuple(self._zero_or_one(row, names) for row, names in enumerate(self.labels))
        assert self.scores is not None
        for row, score in enumerate(self.scores):
            if not 0 <= score <= 1:
                raise InputError(
                    f"{self.where(row)}: a relevance lies between 0 and 1, not {score:g}: divide "
                    "all scores by the largest that there can be"
                )
        return self.scores

    def _zero_or_one(self, row: int, names: tuple[str, ...]) -> float:
        if names not in _ZERO_OR_ONE:
            raise InputError(
                f"{self.where(row)}: a pair has the label 1 where they belong together, and else "
                f"0, not {', '.join(map(repr, names)) or 'none'}"
            )
        return float(names[0])

    def require_entities(self) -> tuple[tuple[Span, ...], ...]:
        if self.entities is None:
            raise self._missing(
                "a .conll file (token, tag) or JSONL with 'tokens' and 'tags'",
                "Name yours with --text-column and --label-column",
            )
        return self.entities

    def require_answers(self) -> tuple[tuple[str, ...], ...]:
        if self.answers is None:
            raise self._missing(
                "SQuAD JSON, or JSONL with 'question', 'context' and 'answers'",
                "Name yours with --text-column, --pair-column and --label-column",
            )
        if not any(self.answers):
            raise InputError(f"{self.path}: no question has an answer")
        return self.answers

    def _missing(self, expected: str, way_out: str = "") -> InputError:
        """Say what is expected, what is there, and where columns can be named, how."""
        if self.retrieval is not None:
            return InputError(f"{self.path}: expected {expected}; found queries and documents")
        found = f"columns found: {', '.join(self.columns)}" if self.columns else "none found"
        helps = f". {way_out}" if way_out and self.columns and self.named is not None else ""
        return InputError(f"{head_of(self.path)}: expected {expected}; {found}{helps}")
