"""Writes the demo's data: a corpus, intents, slots and sentence pairs in train, dev and test."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from edgebert.demo.chinese import CHINESE
from edgebert.demo.english import ENGLISH
from edgebert.demo.grammar import Sentence, draw
from edgebert.demo.language import SPLITS
from edgebert.demo.pairs import Pair, draw_pairs
from edgebert.demo.stories import write_story

_LANGUAGES = ((ENGLISH, 3), (CHINESE, 1))  # and their shares
_STORIES = {"en": 2400, "zh": 1200}
# Sentences and pairs are per share.
_SENTENCES_PER_INTENT = {"train": 80, "dev": 20, "test": 25}
_PAIRS = {"train": 300, "dev": 50, "test": 100}


@dataclass(frozen=True)
class Files:
    """The three splits of one data set."""

    train: Path
    dev: Path
    test: Path

    def of(self, split: str) -> Path:
        path: Path = getattr(self, split)
        return path


@dataclass(frozen=True)
class DemoData:
    """The files of the demo.

    Attributes:
        corpus: one sentence a line, a blank line between documents.
        intents: columns text, label.
        slots: CoNLL.
        pairs: columns sentence1, sentence2, score (0 to 5).
    """

    corpus: Path
    intents: Files
    slots: Files
    pairs: Files


def write_data(folder: Path, seed: int) -> DemoData:
    """Write the data into `folder`; the same seed writes the same bytes."""
    data = DemoData(
        corpus=folder / "corpus.txt",
        intents=_files(folder / "intents", ".tsv"),
        slots=_files(folder / "slots", ".conll"),
        pairs=_files(folder / "pairs", ".tsv"),
    )
    generator = random.Random(seed)
    _write_blocks(data.corpus, _stories(generator))
    for split in SPLITS:
        intents = _sentences(split, generator)
        tagged = _sentences(split, generator)
        _write_table(data.intents.of(split), "text label", ((s.text, s.intent) for s in intents))
        _write_blocks(data.slots.of(split), map(_conll, tagged))
        _write_table(data.pairs.of(split), "sentence1 sentence2 score", _pairs(split, generator))
    return data


def _stories(generator: random.Random) -> list[list[str]]:
    stories = [
        write_story(language, generator)
        for language, _ in _LANGUAGES
        for _ in range(_STORIES[language.name])
    ]
    return generator.sample(stories, len(stories))


def _sentences(split: str, generator: random.Random) -> list[Sentence]:
    """Sentences of every intent, each once, in random order."""
    drawn = {
        sentence.text: sentence
        for language, share in _LANGUAGES
        for family in language.families
        for intent in family.intents
        for sentence in (
            draw(language, family, intent, split, generator)
            for _ in range(share * _SENTENCES_PER_INTENT[split])
        )
    }
    return generator.sample(list(drawn.values()), len(drawn))


def _pairs(split: str, generator: random.Random) -> list[Pair]:
    pairs = [
        pair
        for language, share in _LANGUAGES
        for pair in islice(draw_pairs(language, split, generator), share * _PAIRS[split])
    ]
    return generator.sample(pairs, len(pairs))


def _conll(sentence: Sentence) -> list[str]:
    return [f"{token} {tag}" for token, tag in zip(sentence.tokens, sentence.tags, strict=True)]


def _files(folder: Path, ending: str) -> Files:
    return Files(*(folder / f"{split}{ending}" for split in SPLITS))


def _write_blocks(path: Path, blocks: Iterable[Iterable[str]]) -> None:
    """Write blocks of lines with a blank line between two of them."""
    _write(path, "\n\n".join("\n".join(block) for block in blocks))


def _write_table(path: Path, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    lines = ["\t".join(map(str, row)) for row in rows]
    _write(path, "\n".join([header.replace(" ", "\t"), *lines]))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
