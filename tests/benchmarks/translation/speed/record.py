"""What a run leaves behind: speed.json."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.header import Header
from edgebert.records.timed import Noise

FIRST_TOKEN, SENTENCE = "first token", "sentence"


@dataclass(frozen=True)
class Contestant:
    """A row.

    Attributes:
        size_bytes: of all files that translating needs, tokenizers among them.
        ready_s: the shortest time from the start of a process to its first translation.
        memory_bytes: the most that a process held that did all of the run on all cores.
        failure: why it has no figures, or not all.
    """

    name: str
    title: str
    precision: str
    ours: bool
    size_bytes: int
    versions: dict[str, str]
    ready_s: float | None = None
    memory_bytes: int | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Trial:
    """A way that was tried on a part of the sentences, and its least time."""

    contestant: str
    cores: int
    beams: int
    way: str
    seconds: float
    chosen: bool


@dataclass(frozen=True)
class Throughput:
    """All sentences, from texts to texts.

    Attributes:
        seconds: of each round.
        tokens: of the translations, as the target's tokenizer splits them, and their ends.
        bleu_lower_case: of the translations that were timed.
    """

    contestant: str
    cores: int
    beams: int
    way: str
    seconds: tuple[float, ...]
    min_s: float
    median_s: float
    sentences_per_s: float
    tokens: int
    tokens_per_s: float
    bleu_lower_case: float


@dataclass(frozen=True)
class Alone:
    """Sentences one by one, from text to text.

    Attributes:
        what: `FIRST_TOKEN`, of which there is no other, or `SENTENCE`.
        p50_ms: over the sentences, of each round.
    """

    contestant: str
    cores: int
    beams: int
    what: str
    p50_ms: tuple[float, ...]
    min_ms: float
    median_ms: float


@dataclass(frozen=True)
class Agreement:
    """How many greedy translations are the same in fp32: proof that the weights are the same."""

    sentences: int
    same: int


@dataclass(frozen=True, kw_only=True)
class SpeedRecord(Header):
    """A translator's bundles beside CTranslate2's models of the same weights, in one run."""

    record: str = "translation-speed"
    quick: bool
    model: str
    test: str
    sentences: int
    cores: tuple[int, ...]
    contestants: tuple[Contestant, ...]
    throughput: tuple[Throughput, ...]
    alone: tuple[Alone, ...]
    trials: tuple[Trial, ...]
    agreement: Agreement | None
    noise: Noise
    seconds: float
