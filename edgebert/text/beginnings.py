"""The tokens of a long text's beginning, without those of all the rest.

A tokenizer that reads words one by one finds the same first tokens whatever stands far behind them. So of
a text that will be cut, a part is enough that ends between words and has more tokens than are read: 8,000
characters where 256 tokens are. Where it has not, or the tokenizer is of another kind, all is tokenized.
"""

from __future__ import annotations

from collections.abc import Sequence

import tokenizers

from edgebert.text.encoding import Text, encode

_CHARACTERS = 32
"""Of a text for each token that is read of it: several times those that most languages have."""

_BEYOND = 32
"""Tokens that are there beyond those that are read: what the cut changes is among the last few."""


def encode_beginnings(
    tokenizer: tokenizers.Tokenizer, texts: Sequence[Text], *, offsets: bool = True
) -> list[tokenizers.Encoding]:
    """Tokens of each text, cut where the tokenizer says; what is cut off is not all there.

    Args:
        tokenizer: of the bundle.
        texts: texts, or pairs of them.
        offsets: as for `encode`.

    Raises:
        InputError: as `encode`.
    """
    cut = tokenizer.truncation or {}
    room = _CHARACTERS * cut.get("max_length", 0)
    long = [i for i, text in enumerate(texts) if isinstance(text, str) and len(text) > room > 0]
    if not long or cut["direction"] != "right" or cut["stride"] or tokenizer.pre_tokenizer is None:
        return encode(tokenizer, texts, offsets=offsets)
    shorter = list(texts)
    for i in long:
        shorter[i] = _beginning(str(texts[i]), room)
    encodings = encode(tokenizer, shorter, offsets=offsets)
    for i in long:
        if shorter[i] != texts[i] and sum(map(len, encodings[i].overflowing)) < _BEYOND:
            (encodings[i],) = encode(tokenizer, [texts[i]], offsets=offsets)
    return encodings


def _beginning(text: str, room: int) -> str:
    """A part of about so many characters that ends between words; all of a text without blanks."""
    end = max(text.rfind(" ", room // 2, room), text.rfind("\n", room // 2, room))
    return text if end < 0 else text[:end]
