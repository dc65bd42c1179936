"""What a verb asks on the way to its answer, whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from edgebert.runtimes.readings import Reading

A = TypeVar("A")

Check = Callable[[Any, int], Any]
"""What an item is read as, given its place, or an error."""


@dataclass(frozen=True)
class Request(Generic[A]):
    """What is done to each text that a model is asked about.

    Attributes:
        check: what an item is read as, given its place, or an error.
        reading: how much of it is read.
        read: makes the answer of what was found for a text.
        collect: makes the answer for a collection of so many texts.
    """

    check: Check
    reading: Reading[Any]
    read: Callable[[Any], A]
    collect: Callable[[Iterator[A], int], Any] = lambda answers, n: list(answers)


@dataclass(frozen=True)
class Ask(Generic[A]):
    """Texts that are answered on the way to the answer of a verb.

    Attributes:
        texts: one, a collection, or a stream.
        request: what is done to each.
    """

    texts: Any
    request: Request[A]


@dataclass(frozen=True)
class Given:
    """What was given in place of texts, and is an answer already: vectors."""

    answer: Any


def _the_answer(answer: Any) -> Any:
    return answer


@dataclass(frozen=True)
class Call:
    """A verb with its arguments.

    Attributes:
        asks: what is asked on the way, in the order of the arguments.
        result: makes the answer of the verb of the answers to those.
        streamed: whether it reads a stream that is none of its asks.
    """

    asks: tuple[Ask[Any] | Given, ...]
    result: Callable[..., Any] = _the_answer
    streamed: bool = False
