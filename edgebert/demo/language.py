"""What a language of the demo is made of: slots, families of intents, and stories."""

from __future__ import annotations

import re
from dataclasses import dataclass

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Split:
    """Lines or words by the split they belong to; no split shares one with another."""

    train: tuple[str, ...]
    dev: tuple[str, ...]
    test: tuple[str, ...]

    def of(self, name: str) -> tuple[str, ...]:
        chosen: tuple[str, ...] = getattr(self, name)
        return chosen

    def all(self) -> tuple[str, ...]:
        return self.train + self.dev + self.test


@dataclass(frozen=True)
class Family:
    """Intents that share their sentences.

    Attributes:
        opposites: what `{x}` and `{y}` stand for under the first intent; swapped under the second.
    """

    intents: tuple[str, ...]
    templates: Split
    opposites: tuple[str, str] | None = None

    def template(self, line: str, intent: str) -> str:
        """A line of this family with the opposites put in as `intent` needs them."""
        if self.opposites is None:
            return line
        x, y = self.opposites if intent == self.intents[0] else self.opposites[::-1]
        return line.replace("{x}", x).replace("{y}", y)


@dataclass(frozen=True)
class Language:
    """One language of the demo.

    Attributes:
        slots: kind of slot to its fillers.
        frames: what people say around a request; `{}` is the request.
        stories: each a sequence of sentences; for each of them the lines to choose from.
        story_opposites: two brace names to the two opposites they stand for, in either order.
    """

    name: str
    slots: dict[str, Split]
    frames: Split
    families: tuple[Family, ...]
    stories: tuple[tuple[tuple[str, ...], ...], ...]
    story_opposites: dict[str, tuple[str, str]]
    full_stop: str


def lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.strip().splitlines())


def story(block: str) -> tuple[tuple[str, ...], ...]:
    """Sentences are set apart by a blank line; each line of one is an alternative."""
    return tuple(lines(sentence) for sentence in re.split(r"\n\s*\n", block))


def words(listed: str) -> tuple[str, ...]:
    return tuple(listed.split(", "))
