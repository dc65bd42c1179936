"""Six kinds of text out of public data sets: what calibrates, and what is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgebert.data import read_examples

_SEED = 7
_DOCUMENTS = 4000  # of scifact calibrate, the rest are measured


@dataclass(frozen=True)
class Kind:
    """One kind of text, as functions of the folder of data sets.

    Attributes:
        calibrating: all texts that a calibration may take, in the order of their file.
        measured: others of the same kind.
    """

    calibrating: Callable[[Path], list[str]]
    measured: Callable[[Path], list[str]]


def calibrating_texts(kind: str, data: Path, number: int | None) -> list[str]:
    """The first texts of a kind, or all of them."""
    return KINDS[kind].calibrating(data)[:number]


def measured_texts(kind: str, data: Path, number: int) -> list[str]:
    """So many texts of a kind, drawn from all that are measured; the same ones each time."""
    texts = KINDS[kind].measured(data)
    order = np.random.default_rng(_SEED).permutation(len(texts))
    return [texts[place] for place in order[:number]]


def _distinct(texts: Iterable[str]) -> list[str]:
    """Each text once, on one line, as a .txt file can hold it."""
    return [text for text in dict.fromkeys(" ".join(text.split()) for text in texts) if text]


def _of(name: str) -> Callable[[Path], list[str]]:
    return lambda data: _distinct(read_examples(data / name).single_texts())


def _scifact(data: Path) -> list[str]:
    corpus = read_examples(data / "scifact/corpus.jsonl.gz")
    return [
        ". ".join(row) for row in zip(corpus.column("title"), corpus.column("text"), strict=True)
    ]


def _scifact_rest(data: Path) -> list[str]:
    queries = read_examples(data / "scifact/queries.jsonl").single_texts()
    return _distinct([*_scifact(data)[_DOCUMENTS:], *queries])


def _xquad(data: Path) -> list[str]:
    files = [read_examples(data / f"xquad/test.{name}.jsonl.gz") for name in ("de", "en", "zh")]
    return _distinct(
        text
        for file in files
        for row in zip(file.column("context"), file.column("question"), strict=True)
        for text in row
    )


KINDS = {
    "stsb": Kind(_of("stsb/train.tsv"), _of("stsb/test.tsv")),
    "agnews": Kind(_of("agnews/train_10k.tsv.gz"), _of("agnews/test.tsv.gz")),
    "scifact": Kind(lambda data: _distinct(_scifact(data)[:_DOCUMENTS]), _scifact_rest),
    "banking77": Kind(_of("banking77/train.tsv"), _of("banking77/test.tsv")),
    "chnsenticorp": Kind(_of("chnsenticorp/train.tsv.gz"), _of("chnsenticorp/test.tsv")),
    "xquad": Kind(_xquad, _xquad),
}
"""Captions and headlines, news, abstracts, requests to a bank, reviews in Chinese, Wikipedia."""
