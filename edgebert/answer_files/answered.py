"""Texts to rows: each with its answer, or with why it has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import tee
from typing import Any

from edgebert.answer_files.rows import Row, answer_row, failed_row
from edgebert.data import Text
from edgebert.runtimes.model import Model
from edgebert.tasks import Task
from edgebert.text.long_texts import TRUNCATE

WhyNot = Callable[[Any], str | None]
"""Says of a text why it cannot be answered; None where it can."""

_COUNTED_TOGETHER = 256


def answered_rows(
    task: Task,
    texts: Iterable[tuple[int, Text]],
    answer: Callable[[Iterable[Any]], Iterable[Any]],
    why_not: WhyNot | None = None,
    note: Callable[[int, str], None] = lambda number, why: None,
) -> Iterator[Row]:
    """The rows of texts, in order.

    Args:
        task: that the answers are of.
        texts: each with its number.
        answer: asks the model; takes and gives an iterator.
        why_not: where some cannot be answered; their rows say why.
        note: is told their numbers.
    """
    if why_not is None:
        shown, asked = tee(text for _, text in texts)
        for text, given in zip(shown, answer(asked), strict=True):
            yield answer_row(task, text, given)
        return
    seen, readable = tee((number, text, why_not(text)) for number, text in texts)
    answers = iter(answer(text for _, text, why in readable if why is None))
    for number, text, why in seen:
        if why is None:
            yield answer_row(task, text, next(answers))
        else:
            note(number, why)
            yield failed_row(text, why)


def refusal(
    model: Model, options: Mapping[str, Any], *, pairs: bool, why_not: WhyNot | None = None
) -> WhyNot | None:
    """Why a text cannot be read as it is asked for; None where all can.

    In parts a pair may be refused, whose sides are both long.

    Args:
        model: that reads.
        options: of the method that asks it, by their names.
        pairs: whether the texts are pairs.
        why_not: why the task cannot answer a text that the model reads.
    """
    long_text = options.get("long_text") or TRUNCATE
    if why_not is None and model.reads_all and not (pairs and long_text != TRUNCATE):
        return None
    unread = partial(model.refusal, prompt=options.get("prompt"), long_text=long_text)
    if why_not is None:
        return unread
    return lambda text: unread(text) or why_not(text)


class CutTexts:
    """Counts the texts of rows of which a model reads the beginning.

    Attributes:
        seen: texts that passed.
        cut: of these.
    """

    def __init__(self, is_cut: Callable[[Sequence[Text]], Sequence[bool]]) -> None:
        self.seen = self.cut = 0
        self._is_cut = is_cut

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows; what is counted is whole at their end."""
        waiting: list[Text] = []
        for row in rows:
            yield row
            waiting.append(row["text"])
            if len(waiting) == _COUNTED_TOGETHER:
                self._count(waiting)
        self._count(waiting)

    def _count(self, waiting: list[Text]) -> None:
        self.seen, self.cut = self.seen + len(waiting), self.cut + sum(self._is_cut(waiting))
        waiting.clear()
