"""Entities from the BIO labels of tokens, as character spans of the original text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgebert.runtimes.answers import Array, Entity, probabilities


@dataclass(frozen=True)
class TokenizedText:
    """A text as the tokenizer sees it.

    Attributes:
        offsets: for each token its characters (start, end) in `text`.
        word_ids: for each token the index of its word, None for special tokens.
    """

    text: str
    offsets: Sequence[tuple[int, int]]
    word_ids: Sequence[int | None]


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    label: str
    score: float

    @property
    def kind(self) -> str:
        """X of `B-X` and `I-X`; the label itself where it has no prefix (parts of speech)."""
        prefix, dash, kind = self.label.partition("-")
        return kind if dash else prefix


def decode_entities(tokenized: TokenizedText, logits: Array, labels: Sequence[str]) -> list[Entity]:
    """Join the words of one text into entities.

    The label of a word is that of its first token. `B-X` opens an entity; `I-X` goes on with an
    open X and opens one otherwise; `O`, or another type, closes it.

    Args:
        tokenized: the text and its tokens.
        logits: float32 [tokens, labels].
        labels: BIO label names in the order of the logits.
    """
    entities: list[list[_Word]] = []
    open_type: str | None = None
    for word in _words(tokenized, logits, labels):
        if word.label == "O":
            open_type = None
        elif word.label.startswith("B-") or word.kind != open_type:
            entities.append([word])
            open_type = word.kind
        else:
            entities[-1].append(word)
    return [_entity(tokenized.text, words) for words in entities]


def _words(tokenized: TokenizedText, logits: Array, labels: Sequence[str]) -> Iterator[_Word]:
    scores = probabilities(logits)
    best = scores.argmax(axis=-1)
    ends: dict[int, int] = {}
    firsts: dict[int, int] = {}
    for token, word in enumerate(tokenized.word_ids):
        if word is not None:
            firsts.setdefault(word, token)
            ends[word] = tokenized.offsets[token][1]
    for word, token in firsts.items():
        start, label = tokenized.offsets[token][0], int(best[token])
        yield _Word(start, ends[word], labels[label], float(scores[token, label]))


def _entity(text: str, words: Sequence[_Word]) -> Entity:
    start, end = words[0].start, words[-1].end
    return Entity(
        text=text[start:end],
        label=words[0].kind,
        score=sum(word.score for word in words) / len(words),
        start=start,
        end=end,
    )
