"""Texts of a job that have no answer, told by their places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from edgebert.bulk.job import Failure
from edgebert.data.streaming import stream_places
from edgebert.errors import InputError

_SHOWN = 5


def tell_failures(found: Sequence[tuple[Path, Failure]], then: str) -> None:
    """Raise what was found, if anything was.

    Args:
        found: each with the file that its text stands in.
        then: what became of the other texts.

    Raises:
        InputError: it names the places of the first few.
    """
    if not found:
        return
    told = "; ".join(
        f"{_place(path, failure.number)}: {failure.why}" for path, failure in found[:_SHOWN]
    )
    more = len(found) - _SHOWN
    raise InputError(f"{told}{f'; and {more} more' if more > 0 else ''}. {then}")


def _place(path: Path, number: int) -> str:
    return next(islice(stream_places(path), number, None))
