"""Learns a lower-casing WordPiece vocabulary and wraps it as BERT's tokenizer."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizer

_SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def learn_tokenizer(sentences: Iterable[str], vocab_size: int, max_length: int) -> BertTokenizer:
    """A tokenizer of at most `vocab_size` tokens (more only if there are more characters)."""
    sentences = list(sentences)
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer = normalizers.BertNormalizer(lowercase=True)
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # The trainer numbers the characters it meets in an order that changes from run to run.
    # Those that are given as special tokens keep the order they are given in.
    characters = _characters(learner, sentences)
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, special_tokens=[*_SPECIAL_TOKENS, *characters], show_progress=False
    )
    learner.train_from_iterator(sentences, trainer)
    return BertTokenizer(vocab=learner.get_vocab(), do_lower_case=True, model_max_length=max_length)


def _characters(learner: Tokenizer, sentences: Iterable[str]) -> list[str]:
    """Every character that begins a word, and with `##` every one that continues one."""
    found = set()
    for sentence in sentences:
        normalized = learner.normalizer.normalize_str(sentence)
        for word, _ in learner.pre_tokenizer.pre_tokenize_str(normalized):
            found.add(word[0])
            found.update(f"##{character}" for character in word[1:])
    return sorted(found)
