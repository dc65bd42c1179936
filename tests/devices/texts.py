"""The texts that every device embeds: short ones, and a sixth that are long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, permutations, product
from pathlib import Path

import tokenizers

from edgebert.data import read_examples
from edgebert.data.samples import SENTENCES
from edgebert.errors import InputError

_LONG_SHARE = 6  # one text of so many
_LONG = range(128, 193)
"""Tokens of a long text. Longer ones would take the time of three short ones more, each."""

_JOINED = 11  # built-in sentences that make a long text


@dataclass(frozen=True)
class Texts:
    """Texts and where they came from; `tokens` are those that the model reads, of all of them."""

    texts: tuple[str, ...]
    long: int
    tokens: int
    source: str


def read_texts(data: Path | None, tokenizer: tokenizers.Tokenizer, number: int) -> Texts:
    """Choose so many texts, the same ones each time.

    Args:
        data: the folder of public data sets, or None where it is not at hand.
        tokenizer: of the model, which says how long a text is; it cuts as the model does.
        number: of texts.

    Raises:
        InputError: there are not so many.
    """
    long_texts = -(-number // _LONG_SHARE)
    short_texts = number - long_texts
    if data is None:
        source = "built-in sentences, alone and joined"
        short: Iterable[str] = _one_or_two_sentences()
        long: Iterable[str] = _many_sentences()
    else:
        source = "stsb/test and scifact"
        sentences = dict.fromkeys(read_examples(data / "stsb/test.tsv").single_texts())
        short = spread(list(sentences), short_texts)
        long = read_examples(data / "scifact/corpus.jsonl.gz").single_texts()
    chosen = (*islice(short, short_texts), *islice(_of_length(long, tokenizer), long_texts))
    if len(chosen) < number:
        raise InputError(f"{source} hold {len(chosen)} fitting texts, not {number}: ask for fewer")
    tokens = sum(map(len, tokenizer.encode_batch(list(chosen))))
    return Texts(chosen, long_texts, tokens, source)


def spread(texts: Sequence[str], number: int) -> list[str]:
    """So many of the texts, evenly over all of them: a data set is often sorted by where from."""
    size = min(number, len(texts))
    return [texts[i * len(texts) // size] for i in range(size)]


def _of_length(texts: Iterable[str], tokenizer: tokenizers.Tokenizer) -> Iterator[str]:
    uncut = tokenizers.Tokenizer.from_str(tokenizer.to_str())
    uncut.no_truncation()
    return (text for text in texts if len(uncut.encode(text)) in _LONG)


def _one_or_two_sentences() -> Iterator[str]:
    return chain(SENTENCES, (" ".join(pair) for pair in permutations(SENTENCES, 2)))


def _many_sentences() -> Iterator[str]:
    """Sentences in rows: neighbours in the list, then every third, ... from each start."""
    for step, start in product((1, 3, 7, 9, 11, 13), range(len(SENTENCES))):
        yield " ".join(SENTENCES[(start + step * i) % len(SENTENCES)] for i in range(_JOINED))
