"""The steps of a tier of tests: each is run, timed and told by itself, whatever breaks in another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import click

from edgebert.errors import EdgebertError


@dataclass(frozen=True)
class Step:
    """One of the things that are tested; `run` gives a sentence for each that is broken."""

    name: str
    run: Callable[[], Iterable[str]]


def broken_in(step: Step) -> Iterator[str]:
    """Run a step, and tell what is broken in it by its name."""
    started = time.perf_counter()
    broken = [f"{step.name}: {sentence}" for sentence in _found(step)]
    verdict = f"{len(broken)} broken" if broken else "ok"
    click.echo(f"{step.name:10} {time.perf_counter() - started:5.1f} s  {verdict}")
    yield from broken


def _found(step: Step) -> Iterator[str]:
    """What is broken; where a step cannot go on, that is."""
    try:
        yield from step.run()
    except EdgebertError as error:
        yield str(error)
