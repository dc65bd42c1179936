"""What a translator answers, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A translation that was found beside the best one.

    Attributes:
        score: its log-probability over its tokens, the end's among them, to the length penalty.
    """

    text: str
    score: float


@dataclass(frozen=True)
class TranslatedSentence:
    """What was translated at once: a sentence, or a part of a long one.

    Attributes:
        start, end: characters `start` to `end` (exclusive, in code points) of the text.
        text: its translation.
        score: see `Candidate`; of what was kept as it was, 0.
        others: the next best translations, the best first, as many as were asked for.
        tokens: ids of the translation, the end's last where it ended.
        ended: whether it ended by itself; else it was cut at its limit.
    """

    start: int
    end: int
    text: str
    score: float
    others: tuple[Candidate, ...] = ()
    tokens: tuple[int, ...] = ()
    ended: bool = True


@dataclass(frozen=True)
class Translated:
    """The translation of a text.

    Attributes:
        text: all of it, with the white space that stands between the sentences of the source.
        score: mean of the scores of the sentences, by their tokens; 0 where nothing was to do.
        sentences: in order.
        others: the next best translations of all of it, the best first; None where only the best
            was asked for.
    """

    text: str
    score: float
    sentences: tuple[TranslatedSentence, ...]
    others: tuple[Candidate, ...] | None = None
