"""Entities from the labels of tokens, as character spans of the original text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from edgebert.arrays import Array
from edgebert.bounds import check_choice, unknown_choice
from edgebert.logits import probabilities
from edgebert.tasks.answers import Entity
from edgebert.tasks.tags import Tag, TagScheme, joined
from edgebert.text.words import TokenizedText, Word, single_tokens, split_words, whole_words

WORDS, SIMPLE, FIRST, AVERAGE, MAX = "words", "simple", "first", "average", "max"

_WORDS_OF: dict[str, Callable[[TokenizedText], list[Word]]] = {
    WORDS: split_words,
    SIMPLE: single_tokens,
    FIRST: whole_words,
    AVERAGE: whole_words,
    MAX: whole_words,
}
AGGREGATIONS = tuple(_WORDS_OF)
"""How the labels of tokens become those of words.

`words` takes the label of a word's first token, as models are trained, and ends words at blanks, at
punctuation and with every token of a script that is written without spaces. The others are those
of transformers: `simple` takes each token by itself; `first`, `average` and `max` the first token
of each of the tokenizer's own words, the mean of its tokens' scores, or the token that is surest.
"""

_scheme_of = lru_cache(maxsize=64)(TagScheme.of)


@dataclass(frozen=True)
class _Labelled:
    word: Word
    tag: Tag
    score: float


def decode_entities(
    tokenized: TokenizedText,
    logits: Array,
    labels: Sequence[str],
    aggregation: str = WORDS,
) -> list[Entity]:
    """Join the words of one text into entities (see `tags.joined`).

    Args:
        tokenized: the text and its tokens.
        logits: float32 [tokens, labels].
        labels: names in the order of the logits.
        aggregation: one of `AGGREGATIONS`.

    Raises:
        InputError: there is no such aggregation.
    """
    tags, scores = _scheme_of(tuple(labels)).tags, probabilities(logits)
    words = []
    for word in _WORDS_OF[check_choice("aggregation", aggregation, AGGREGATIONS)](tokenized):
        row = _scores_of(scores[list(word.tokens)], aggregation)
        best = int(row.argmax())
        words.append(_Labelled(word, tags[best], float(row[best])))
    entities = joined(word.tag for word in words)
    return [_entity(tokenized.text, [words[place] for place in places]) for places in entities]


def _scores_of(tokens: Array, aggregation: str) -> Array:
    """Scores of a word [labels] from those of its tokens [tokens, labels]."""
    if aggregation == AVERAGE:
        mean: Array = tokens.mean(axis=0)
        return mean
    if aggregation == MAX:
        surest: Array = tokens[tokens.max(axis=1).argmax()]
        return surest
    if aggregation in (WORDS, SIMPLE, FIRST):
        first: Array = tokens[0]
        return first
    raise unknown_choice("aggregation", aggregation, AGGREGATIONS)


def _entity(text: str, words: Sequence[_Labelled]) -> Entity:
    start, end = words[0].word.start, words[-1].word.end
    return Entity(
        text=text[start:end],
        label=words[0].tag.kind,
        score=sum(word.score for word in words) / len(words),
        start=start,
        end=end,
    )
