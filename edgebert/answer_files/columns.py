"""The columns of a table of answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgebert.answer_files.rows import Row
from edgebert.tasks import Task

if TYPE_CHECKING:
    from edgebert.runtimes.model import Model


@dataclass(frozen=True)
class Columns:
    """What the rows of a run hold.

    Attributes:
        task: that the answers are of.
        pairs: whether two texts are answered together; they get a column each.
        labels: every label of a text classifier.
        multi_label: whether a text may have several of them.
        width: numbers in an embedding.
        made_by: fingerprint of the model that answers; "" for none.
        options: of the method that was asked, by their names.
    """

    task: Task
    pairs: bool = False
    labels: tuple[str, ...] = ()
    multi_label: bool = False
    width: int = 0
    made_by: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model, task: Task, options: Mapping[str, Any], *, pairs: bool) -> Columns:
        """What a model's answers with these options of the method that asks it hold."""
        return cls(
            task,
            pairs=pairs,
            labels=model.labels,
            multi_label=model.multi_label,
            width=model.width if model.spec.task.vectors else 0,
            made_by=str(model.made_by(**options)),
            options=options,
        )

    @property
    def of_answers(self) -> Mapping[str, str]:
        """What an answer has beside its texts, with the types of `COLUMN_TYPES`."""
        return self.task.columns_of(self.options)

    @property
    def names(self) -> tuple[str, ...]:
        texts = ("text", "text_pair") if self.pairs else ("text",)
        return (*texts, *self.of_answers, *(("labels",) if self.multi_label else ()))

    def cells(self, row: Row) -> tuple[Any, ...]:
        """The values of a row, one for each name."""
        text, *answer = row.values()
        return (*text, *answer) if self.pairs else (text, *answer)
