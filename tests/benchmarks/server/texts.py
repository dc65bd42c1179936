"""What is asked: short sentences alone and in lists, and texts of ever-changing lengths."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server.contestants import MODEL
from benchmarks.server.plan import LIST
from benchmarks.texts import Amounts, read_workloads

_SHORT = 1024
_ABSTRACTS = 200
_RAGGED = 2000
_LONGEST_WORDS = 60
_SEED = 19


@dataclass(frozen=True)
class Asked:
    """Texts, and files with a JSON body for each request.

    Attributes:
        short: sentences.
        singles: bodies of one sentence.
        lists: of `LIST` sentences.
        ragged: of one text, from a word to 60.
    """

    short: tuple[str, ...]
    singles: Path
    lists: Path
    ragged: Path

    @property
    def bodies(self) -> tuple[str, ...]:
        """The bodies of one sentence."""
        return tuple(body_of(text) for text in self.short)


def read_asked(data: Path, folder: Path) -> Asked:
    """Read sentences of STS-B test and abstracts of SciFact, and write bodies into `folder`."""
    short, abstracts = read_workloads(data, Amounts(_SHORT, _ABSTRACTS, 0))[:2]
    lists = [short.texts[place : place + LIST] for place in range(0, _SHORT, LIST)]
    return Asked(
        short.texts,
        _written(folder / "singles.txt", short.texts),
        _written(folder / "lists.txt", lists),
        _written(folder / "ragged.txt", ragged(abstracts.texts, _RAGGED)),
    )


def ragged(texts: Sequence[str], size: int) -> list[str]:
    """Beginnings of texts, of numbers of words whose logarithms are spread evenly."""
    draw = random.Random(_SEED)
    counts = [round(_LONGEST_WORDS ** draw.random()) for _ in range(size)]
    return [" ".join(draw.choice(texts).split()[:count]) for count in counts]


def body_of(asked: str | Sequence[str]) -> str:
    """The body of a request, as OpenAI's clients write it."""
    return json.dumps({"model": MODEL, "input": asked})


def _written(path: Path, asked: Iterable[str | Sequence[str]]) -> Path:
    path.write_text("".join(body_of(each) + "\n" for each in asked), encoding="utf-8")
    return path
