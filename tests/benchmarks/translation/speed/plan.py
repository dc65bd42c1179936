"""What is translated, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tokenizers import Tokenizer

BEAMS = (1, 4)


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        sentences: of the test.
        tried: of these, to choose ways by.
        alone: of these, one by one.
        rounds: through everything.
    """

    sentences: int
    tried: int
    alone: int
    rounds: int


FULL = Plan(sentences=1000, tried=200, alone=50, rounds=5)
QUICK = Plan(sentences=24, tried=8, alone=3, rounds=2)


@dataclass(frozen=True)
class Sentences:
    """What is translated.

    Attributes:
        name: of the file.
        sources, targets: its sentences, and how people translated them.
        tokenizer: of the target, by which tokens are counted.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    tokenizer: Tokenizer

    def of(self, count: int) -> Sentences:
        """Its first sentences alone."""
        return replace(self, sources=self.sources[:count], targets=self.targets[:count])

    def tokens(self, written: list[str]) -> int:
        """Tokens of translations, and of their ends."""
        return len(written) + sum(len(one.ids) for one in self.tokenizer.encode_batch(written))
