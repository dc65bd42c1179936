"""Small tokenizers of every kind that a bundle holds, learned from texts that ship with edgebert."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tokenizers import AddedToken, Regex, Tokenizer, models, trainers
from tokenizers import normalizers as n
from tokenizers import pre_tokenizers as p
from tokenizers import processors as q

from conformance.charsmap import compiled, nmt_nfkc
from edgebert.data.calibration_texts import CALIBRATION_TEXTS
from edgebert.data.samples import SENTENCES
from edgebert.training.pretraining.vocabulary import learn_tokenizer

MAX_LENGTH = 32

TEXTS = (*(text for text in CALIBRATION_TEXTS if text.isascii() and len(text) < 400), *SENTENCES)
"""What they are learned from: some scripts only, so that there are characters they do not know."""

_PIECES, _LONGEST_PIECE = 900, 10


@dataclass(frozen=True)
class Frame:
    """The special tokens around a text, and around two.

    Attributes:
        first, last: before and after a text.
        between: of a pair, from the end of its first text to the beginning of its second.
        second_type: token type of the second text and of `last` behind it.
    """

    first: tuple[int, ...]
    between: tuple[int, ...]
    last: tuple[int, ...]
    second_type: int


@dataclass(frozen=True)
class Made:
    """A tokenizer as a bundle has it, with truncation and without padding."""

    tokenizer: Tokenizer
    frame: Frame
    mask_token: str


def make_all() -> dict[str, Made]:
    """Each tokenizer under the name of its file."""
    return {"wordpiece": _wordpiece(), "byte_level_bpe": _byte_level_bpe(), "unigram": _unigram()}


def _wordpiece() -> Made:
    """As BERT's: lower-casing, without accents, every Chinese character a word."""
    tokenizer = learn_tokenizer(TEXTS, 1200, MAX_LENGTH).backend_tokenizer
    return _made(tokenizer, "[CLS]", "[SEP]", "[MASK]", between=1, second_type=1)


def _byte_level_bpe() -> Made:
    """As RoBERTa's: no normalizer, no unknown token, a mask that takes the blank before it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = p.ByteLevel(add_prefix_space=False)
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=_PIECES,
        special_tokens=[*specials, AddedToken("<mask>", lstrip=True, special=True)],
        initial_alphabet=sorted(p.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    ends = ("</s>", 2), ("<s>", 0)
    tokenizer.post_processor = q.RobertaProcessing(*ends, trim_offsets=True, add_prefix_space=False)
    return _made(tokenizer, "<s>", "</s>", "<mask>", between=2, second_type=0)


def _unigram() -> Made:
    """As XLM-RoBERTa's: a precompiled normalizer, blanks that belong to the word behind them."""
    normalizer = n.Sequence(
        [n.Precompiled(compiled(nmt_nfkc())), n.Replace(Regex(" {2,}"), " ")],
    )
    words = p.Sequence([p.WhitespaceSplit(), p.Metaspace()])
    specials = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>")]
    read = (words.pre_tokenize_str(normalizer.normalize_str(text)) for text in TEXTS)
    pieces = scored((word for each in read for word, _ in each), _PIECES)
    tokenizer = Tokenizer(models.Unigram([*specials, *pieces, ("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, words
    tokenizer.add_special_tokens([*(token for token, _ in specials)])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    tokenizer.post_processor = q.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return _made(tokenizer, "<s>", "</s>", "<mask>", between=2, second_type=0)


def scored(words: Iterable[str], pieces: int) -> list[tuple[str, float]]:
    """Pieces of words, and every character, with the logarithms of how often they occur.

    SentencePiece's own training ends with other numbers each time. That of a piece is moved by its
    place, so that no two ways to cut a word are equally good.
    """
    found: Counter[str] = Counter()
    for word in words:
        for start in range(len(word)):
            ends = range(start + 1, min(len(word), start + _LONGEST_PIECE) + 1)
            found.update(word[start:end] for end in ends)
    total = sum(found.values())
    several = [piece for piece in found if len(piece) > 1 and found[piece] > 2]
    several.sort(key=lambda piece: (-found[piece] * (len(piece) - 1), piece))
    kept = [*sorted(piece for piece in found if len(piece) == 1), *several[:pieces]]
    return [
        (piece, round(math.log(found[piece] / total) - 0.01 * math.sqrt(place), 6))
        for place, piece in enumerate(kept)
    ]


def _made(
    tokenizer: Tokenizer, first: str, last: str, mask: str, *, between: int, second_type: int
) -> Made:
    tokenizer.enable_truncation(MAX_LENGTH, strategy="longest_first")
    tokenizer.no_padding()
    ids = tokenizer.get_vocab()
    begin, end = ids[first], ids[last]
    return Made(tokenizer, Frame((begin,), between * (end,), (end,), second_type), mask)
