"""What a peer is, and what it is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

MAX_LENGTH = 256
"""Tokens after which every peer truncates a text: what the model's own folder asks for."""

DIMENSIONS = 384


@dataclass(frozen=True)
class Setting:
    """How a model is opened.

    Attributes:
        threads: cores that one run may use.
        callers: runs that go on at the same time: threads, streams or replicas.
        mode: what else the peer lets its user choose, in the peer's own words.
    """

    threads: int
    callers: int = 1
    mode: str = ""

    def __str__(self) -> str:
        runs = f"{self.callers} x {self.threads} thread{'s' * (self.threads > 1)}"
        return f"{runs}, {self.mode}" if self.mode else runs


@dataclass(frozen=True)
class Batching:
    """How texts are grouped: so many texts to a run, or so many tokens with their padding.

    `OWN_BATCHES` leaves it, and the order of the texts, to the peer.
    """

    size: int
    unit: str  # "texts" or "tokens"

    def __str__(self) -> str:
        return f"{self.size} {self.unit} a batch" if self.size else "its own batches"


OWN_BATCHES = Batching(0, "texts")


@dataclass(frozen=True)
class Way:
    """One configuration for many texts.

    Attributes:
        setting, batching: how the model is opened, and how texts are grouped.
        sort: whether the harness hands texts over by length, longest first, or as they come.
    """

    setting: Setting
    batching: Batching
    sort: bool = False

    def __str__(self) -> str:
        way = f"{self.setting}; {self.batching}"
        if self.batching == OWN_BATCHES:
            return way
        return f"{way}; {'longest first' if self.sort else 'as they come'}"


@dataclass(frozen=True)
class Request:
    """One text of exactly `len(ids)` tokens, [CLS] and [SEP] included."""

    text: str
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Sources:
    """What peers make their models from.

    Attributes:
        checkpoint: the sentence-transformers folder.
        calibration: texts for those who calibrate.
        folder: where made models go; the plain ONNX export there is shared.
    """

    checkpoint: Path
    calibration: tuple[str, ...]
    folder: Path


class Engine(Protocol):
    """An opened model."""

    def embed(self, texts: Sequence[str], batching: Batching, *, sort: bool) -> Vectors:
        """Turn texts into normalized vectors: float32 [n, 384], in the order of the texts.

        `sort` has the harness hand texts over by length; what a peer does inside its own interface
        is its own affair.
        """

    def single(self, request: Request) -> Vectors:
        """Answer one request: float32 [384]."""


@dataclass(frozen=True)
class Peer:
    """One column of the benchmark.

    Attributes:
        title: its name for readers.
        precision: fp32 or int8; decides which peak it is held to.
        packages: those whose versions decide its speed.
        make: writes its model; returns the file or folder that it runs from.
        ways: for a number of cores, the configurations for many texts that are tried.
        settings: for a number of threads, the configurations for single requests.
        open: opens a made model.
        longest: the longest single request it takes, in tokens.
    """

    title: str
    precision: str
    packages: tuple[str, ...]
    make: Callable[[Sources], Path]
    ways: Callable[[int], tuple[Way, ...]]
    settings: Callable[[int], tuple[Setting, ...]]
    open: Callable[[Sources, Path, Setting], Engine]
    longest: int = 512


def every_way(settings: Sequence[Setting], batchings: Sequence[Batching]) -> tuple[Way, ...]:
    """Each setting with each batching, in both orders of the texts."""
    choices = product(settings, batchings, (True, False))
    return tuple(Way(setting, batching, sort) for setting, batching, sort in choices)


def one_or_many(cores: int, *modes: str) -> tuple[Setting, ...]:
    """All cores on one run, and one run on each core: the two ways to spend a thread budget."""
    budgets = dict.fromkeys(((cores, 1), (1, cores)))  # the same thing on a single core
    return tuple(Setting(*budget, mode) for mode in modes or ("",) for budget in budgets)
