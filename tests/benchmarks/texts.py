"""The texts that are embedded, from two public data sets, and the mixes made of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import tokenizers

from benchmarks.protocol import MAX_LENGTH, Request
from edgebert.data import read_examples

_SEED = 0
_CALIBRATION = 300  # texts, as NNCF's subset_size default


@dataclass(frozen=True)
class Workload:
    """Texts in the order in which they come."""

    name: str
    title: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Amounts:
    """How many texts of each kind are read."""

    short: int
    abstracts: int
    mixed: int


def read_workloads(data: Path, amounts: Amounts) -> tuple[Workload, ...]:
    """Short sentences, abstracts, each in a random order, and short and long ones in turns."""
    pairs = read_examples(data / "stsb/test.tsv").texts
    short = [pair[side] for side in (0, 1) for pair in pairs][: amounts.short]
    corpus = read_examples(data / "scifact/corpus.jsonl.gz").single_texts()
    abstracts = corpus[: amounts.abstracts]
    mixed = alternating(short, corpus, amounts.mixed)
    return (
        Workload("short", "short sentences", shuffled(short)),
        Workload("abstracts", "abstracts", shuffled(abstracts)),
        Workload("mixed", "short and long in turns", mixed),
    )


def read_calibration(data: Path) -> tuple[str, ...]:
    """Texts for those who calibrate, half short and half long, none of which is measured.

    Short ones alone would leave OpenVINO at a mean cosine of .95 on abstracts, instead of .99.
    """
    short = read_examples(data / "stsb/train.tsv").single_texts()
    abstracts = read_examples(data / "scifact/corpus.jsonl.gz").single_texts()
    half = _CALIBRATION // 2
    return (*short[:half], *abstracts[-half:])


def shuffled(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(texts[i] for i in shuffled_order(len(texts)))


def shuffled_order(size: int) -> list[int]:
    """Where each text of a shuffled list stood before: the same order in every run."""
    order = list(range(size))
    random.Random(_SEED).shuffle(order)
    return order


def alternating(short: Sequence[str], long: Sequence[str], size: int) -> tuple[str, ...]:
    """The worst a batch can meet: a short text, one cut at the max length, a short one, ...

    Two documents make a long text, so that all but a few are longer than any peer reads.
    """
    pairs = zip(short, long[::2], long[1::2], strict=False)
    both = ((little, f"{first} {second}") for little, first, second in pairs)
    return tuple(chain.from_iterable(both))[:size]


def open_tokenizer(checkpoint: Path, max_length: int | None = MAX_LENGTH) -> tokenizers.Tokenizer:
    """The model's tokenizer without padding; None truncates nothing."""
    tokenizer = tokenizers.Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    tokenizer.no_padding()
    if max_length is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(max_length)
    return tokenizer


def make_request(tokenizer: tokenizers.Tokenizer, length: int) -> Request:
    """A text of `length` tokens, made of words that are one token each.

    So a peer that takes texts and one that takes ids answer the same request.
    """
    words = sorted(w for w in tokenizer.get_vocab() if w.isascii() and w.isalpha() and len(w) > 3)
    text = " ".join(random.Random(length).choices(words, k=length - 2))
    return Request(text, tuple(tokenizer.encode(text).ids))
