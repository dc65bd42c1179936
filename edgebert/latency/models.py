"""What a bench needs of a model, be it a bundle or a checkpoint as PyTorch runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from edgebert.data import Text
from edgebert.errors import InputError
from edgebert.latency.rounds import Call
from edgebert.latency.shapes import Shape
from edgebert.records.timed import RaggedMemory
from edgebert.runtimes.translation.options import check_beam
from edgebert.tasks.base import Task


class LoadedModel(Protocol):
    """A model in memory, on a number of threads."""

    @property
    def provider(self) -> str: ...

    def on_shape(self, shape: Shape) -> Call:
        """One run of the model on token ids of exactly this shape.

        A translator writes as many tokens for each text as it has, whatever they say.
        """
        ...

    def on_first_token(self, shape: Shape) -> Call | None:
        """The part of `on_shape` until each text has a first token; None where nothing is written."""
        ...

    def on_texts(self, texts: Sequence[Text]) -> Call:
        """From texts to the output for each of them."""
        ...

    def token_counts(self, texts: Sequence[Text]) -> list[int]:
        """Tokens of each text, as many as the model reads."""
        ...


@dataclass(frozen=True)
class TimedModel:
    """A model that can be loaded as often as needed.

    Attributes:
        path: as the user named it.
        source: the local folder.
        max_length: tokens at which it truncates.
        sizes: bytes by part, as in an inspect record.
        load: takes the number of threads (None: all that are granted).
        beam: targets that a translator follows side by side; 1 for what does not write.
        fingerprint: of a bundle's answers.
    """

    path: str
    source: str
    sha256: str
    precision: str
    task: Task
    max_length: int
    size_bytes: int
    sizes: dict[str, int]
    load: Callable[[int | None], AbstractContextManager[LoadedModel]]
    beam: int
    fingerprint: str | None = None


def check_beam_of(path: str, task: Task, vocabulary: int, beam: int) -> int:
    """The beam that a model is timed with, or one clear line.

    Args:
        path: of the model.
        task: of the model.
        vocabulary: of what it writes.
        beam: that was asked for.

    Raises:
        InputError: it is out of its bounds, or more than 1 and the model does not write.
    """
    if task.writes:
        return check_beam(vocabulary, beam)
    if beam != 1:
        raise InputError(f"{path} is for {task.name}; beam={beam} needs models for translation")
    return beam


@dataclass(frozen=True)
class Start:
    """What a model costs before it is warm; memory is None where it was not told or asked."""

    provider: str
    load_ms: float
    first_inference_ms: float
    peak_rss_mb: float | None
    ragged_memory: RaggedMemory | None
