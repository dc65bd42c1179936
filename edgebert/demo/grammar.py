"""Draws sentences from a language: their tokens, BIO tags and intent."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgebert.demo.language import Family, Language

Filling = Mapping[str, str]
"""Kind of slot to the words that fill it."""

_LABELS = {"opening": "device"}
_SLOT = re.compile(r"\{(\w+)\}")
_TOKEN = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+(?:'\w+)?|[^\w\s]")


@dataclass(frozen=True)
class Sentence:
    """A sentence of the grammar, and what it means."""

    text: str
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    intent: str


def slots(template: str) -> tuple[str, ...]:
    """Kinds of slot in a template, in order."""
    return tuple(_SLOT.findall(template))


def fill(
    language: Language, kinds: tuple[str, ...], split: str, generator: random.Random
) -> dict[str, str]:
    """Draw words of one split for each of these kinds of slot."""
    return {kind: generator.choice(language.slots[kind].of(split)) for kind in kinds}


def write_sentence(template: str, filling: Filling, intent: str) -> Sentence:
    """Put words into a template; the words of a slot are tagged with its label."""
    text, tokens, tags = "", [], []
    for number, part in enumerate(_SLOT.split(template)):
        is_slot = number % 2 == 1
        words = filling[part] if is_slot else part
        text += words
        found = _TOKEN.findall(words)
        tokens += found
        tags += _tags(_LABELS.get(part, part), len(found)) if is_slot else ["O"] * len(found)
    return Sentence(text, tuple(tokens), tuple(tags), intent)


def draw(
    language: Language, family: Family, intent: str, split: str, generator: random.Random
) -> Sentence:
    """Draw a sentence with this intent from the templates and fillers of one split."""
    line = generator.choice(language.frames.of(split)).replace(
        "{}", generator.choice(family.templates.of(split))
    )
    template = family.template(line, intent)
    filling = fill(language, slots(template), split, generator)
    return write_sentence(template, filling, intent)


def _tags(label: str, count: int) -> list[str]:
    return [f"B-{label}", *[f"I-{label}"] * (count - 1)]
