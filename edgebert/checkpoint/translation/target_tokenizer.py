"""The tokenizer of a target: pieces learned of its texts, and bytes for what they never had."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from edgebert.errors import CheckpointError, InputError

PAD, BEGIN, END, UNKNOWN = "<pad>", "<s>", "</s>", "<unk>"
SPECIALS = (PAD, BEGIN, END, UNKNOWN)
PAD_ID, BEGIN_ID, END_ID = range(3)
"""The ids of these are their places."""

TARGET_TOKENIZER = "tokenizer_target.json"

_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
_SPACE = "▁"
_ALWAYS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", _SPACE)
_ALPHABET_SHARE = 0.5  # of the vocabulary; rarer characters are written in bytes


def learn_target_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn byte pair encoding (Sennrich et al. 2016) of cased texts.

    A piece never goes across a space, a mark of punctuation or a digit, so numbers are written
    digit by digit. What has no piece is written in bytes of UTF-8, so that every text can be.

    Args:
        texts: of the target.
        vocab_size: pieces, those of bytes and the special ones among them.

    Raises:
        InputError: these alone are more.
    """
    least = len(_BYTES) + len(SPECIALS) + len(_ALWAYS)
    if vocab_size <= least:
        raise InputError(f"--target-vocab-size should be above {least}, not {vocab_size}")
    tokenizer = Tokenizer(BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always"),
            pre_tokenizers.Split(Regex(rf"(?!{_SPACE})[\p{{P}}\p{{S}}]"), "isolated"),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    trainer = BpeTrainer(
        vocab_size=vocab_size - len(_BYTES),
        min_frequency=2,
        special_tokens=list(SPECIALS),
        initial_alphabet=list(_ALWAYS),
        limit_alphabet=int(_ALPHABET_SHARE * vocab_size),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _with_bytes(tokenizer)


def read_target_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint's targets, which takes no text for a special token.

    Raises:
        CheckpointError: it is not there, is none, or lacks the special tokens.
    """
    file = folder / TARGET_TOKENIZER
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises no other
        raise CheckpointError(f"{file} is no tokenizer that can be read: {error}") from error
    if [tokenizer.token_to_id(name) for name in SPECIALS] != list(range(len(SPECIALS))):
        raise CheckpointError(f"{file} should begin with {', '.join(SPECIALS)}")
    tokenizer.encode_special_tokens = True
    return tokenizer


def _with_bytes(tokenizer: Tokenizer) -> Tokenizer:
    """The same with a piece for each byte, after the special ones."""
    told = json.loads(tokenizer.to_str())
    pieces = sorted(told["model"]["vocab"], key=told["model"]["vocab"].__getitem__)
    ordered = [*SPECIALS, *_BYTES, *pieces[len(SPECIALS) :]]
    told["model"] |= {
        "vocab": {piece: place for place, piece in enumerate(ordered)},
        "byte_fallback": True,
    }
    whole = Tokenizer.from_str(json.dumps(told))
    whole.decoder = decoders.Sequence(
        [
            decoders.Replace(_SPACE, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    whole.encode_special_tokens = True
    return whole
