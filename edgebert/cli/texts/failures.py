"""Texts of a run that the model cannot read: each by its place, in the place of its answer."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from edgebert.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgebert.cli.texts.given import GivenTexts
    from edgebert.data import Text

_SHOWN = 5


class Failures:
    """Why the texts of a run that have no answer have none, by their number from 0."""

    def __init__(self, given: GivenTexts) -> None:
        self._given = given
        self._found: dict[int, str] = {}

    def note(self, number: int, why: str) -> None:
        self._found[number] = why

    def tell(self, then: str) -> None:
        """Raise what was noted, if anything was.

        Args:
            then: what became of the other texts.

        Raises:
            InputError: it names the places of the first few.
        """
        if not self._found:
            return
        shown = sorted(self._found)[:_SHOWN]
        places = dict(enumerate(islice(self._given.places(), shown[-1] + 1)))
        told = "; ".join(f"{places[number]}: {self._found[number]}" for number in shown)
        more = len(self._found) - len(shown)
        raise InputError(f"{told}{f'; and {more} more' if more else ''}. {then}")


def refuse_unreadable(
    given: GivenTexts, why_not: Callable[[Text], str | None], target: str
) -> None:
    """Look through all texts before any work, for a file that cannot say that an answer is missing.

    Raises:
        InputError: one cannot be read.
    """
    if given.sha256 is None:
        return
    failures = Failures(given)
    for texts in given.chunks():
        for number, text in enumerate(texts):
            why = why_not(text)
            if why is not None:
                failures.note(number, why)
    failures.tell(f"Nothing was written: {target} has no place for that, a .jsonl file has")
