"""Learns a lower-casing WordPiece vocabulary and wraps it as BERT's tokenizer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizer

from edgebert.errors import InputError

_SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_FEWEST = 5  # times that a character occurs which gets in, in a large corpus
_ONE_IN = 100_000  # characters; in a small one


def learn_tokenizer(sentences: Iterable[str], vocab_size: int, max_length: int) -> BertTokenizer:
    """A tokenizer of at most `vocab_size` tokens.

    Every character gets in that occurs once in 100,000 characters, or five times; a rarer one
    becomes `[UNK]` with its word. Chinese characters are words by themselves, so that they take
    one place each and leave the rest to pieces of other words.

    Args:
        sentences: gone through twice.
        vocab_size: tokens, special ones too.
        max_length: tokens of a text.

    Raises:
        InputError: there are more characters than that.
    """
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer, learner.pre_tokenizer = _normalizer(), _pre_tokenizer()
    begin, go_on = _characters(sentences)
    counts = begin + go_on
    fewest = min(_FEWEST, -(-counts.total() // _ONE_IN))
    rare = frozenset(character for character, count in counts.items() if count < fewest)
    # The trainer numbers the characters it meets in an order that changes from run to run.
    # Those that are given as special tokens keep the order they are given in.
    pieces = [*begin, *(f"##{character}" for character in go_on)]
    characters = sorted(piece for piece in pieces if piece[-1] not in rare)
    needed = len(_SPECIAL_TOKENS) + len(characters)
    if needed > vocab_size:
        raise InputError(
            f"a vocabulary of {vocab_size} is too small: the corpus has {needed} characters that "
            f"occur {fewest} times or more; choose a --vocab-size well above that"
        )
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, special_tokens=[*_SPECIAL_TOKENS, *characters], show_progress=False
    )
    learner.train_from_iterator(_without(rare, sentences), trainer)
    return BertTokenizer(vocab=learner.get_vocab(), do_lower_case=True, model_max_length=max_length)


def _normalizer() -> normalizers.Normalizer:
    return normalizers.BertNormalizer(lowercase=True)


def _pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.BertPreTokenizer()


def _characters(sentences: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """How often each character begins a word, and how often it continues one."""
    normalizer, pre_tokenizer = _normalizer(), _pre_tokenizer()
    begin: Counter[str] = Counter()
    go_on: Counter[str] = Counter()
    for sentence in sentences:
        for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(sentence)):
            begin[word[0]] += 1
            go_on.update(word[1:])
    return begin, go_on


def _without(rare: frozenset[str], sentences: Iterable[str]) -> Iterator[str]:
    """The sentences without the words that have such a character: in use they are `[UNK]`."""
    normalizer, pre_tokenizer = _normalizer(), _pre_tokenizer()  # the learner's are locked
    for sentence in sentences:
        normalized = normalizer.normalize_str(sentence)
        if rare.isdisjoint(normalized):
            yield normalized
        else:
            words = pre_tokenizer.pre_tokenize_str(normalized)
            yield " ".join(word for word, _ in words if rare.isdisjoint(word))
