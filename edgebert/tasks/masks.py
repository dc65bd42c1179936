"""Words for masks: the likeliest tokens, and the text with each of them filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import tokenizers

from edgebert.errors import InputError
from edgebert.logits import probabilities
from edgebert.text.long_texts import Answered
from edgebert.vectors.ranking import largest


@dataclass(frozen=True)
class Fill:
    """A token for a mask.

    Attributes:
        token: as the tokenizer writes it by itself ("paris", "##ing", " Paris").
        id: of the token.
        score: its probability, of all tokens of the vocabulary.
        text: the text with the token in the place of this mask; other masks still stand.
        mask: which of the text's masks, 0 for the first.
    """

    token: str
    id: int
    score: float
    text: str
    mask: int


def places_of(ids: Iterable[int], mask_id: int | None) -> list[int]:
    """Where the mask stands among the tokens."""
    return [place for place, token in enumerate(ids) if token == mask_id]


def check_masks(text: str, place: int, tokenizer: tokenizers.Tokenizer, mask: str) -> str:
    """Return a text with masks, none of them cut off.

    Args:
        text: of a list or a stream.
        place: there.
        tokenizer: cuts texts.
        mask: the mask token.

    Raises:
        InputError: it has none, or one is cut off.
    """
    refused = refusal_of_masks(text, tokenizer, mask)
    if refused is not None:
        raise InputError(f"text {place}: {refused}")
    return text


def refusal_of_masks(text: str, tokenizer: tokenizers.Tokenizer, mask: str) -> str | None:
    """Why there is nothing to fill in, or not all of it is read; None where all masks are."""
    (encoding,) = tokenizer.encode_batch([text])  # which, unlike encode, holds up no other thread
    mask_id = tokenizer.token_to_id(mask)
    if any(mask_id in part.ids for part in encoding.overflowing):
        where = "before" if (tokenizer.truncation or {}).get("direction") == "left" else "behind"
        return f"a {mask} stands {where} the {len(encoding)} tokens that are read"
    return None if mask_id in encoding.ids else f"has no {mask} to fill in"


def fills_of(
    answered: Answered[str], tokenizer: tokenizers.Tokenizer, mask: str, k: int
) -> Iterator[Fill]:
    """The k likeliest tokens for each mask of a text, mask by mask, likeliest first.

    Args:
        answered: a text, its tokens with their offsets, and the logits [masks, vocabulary].
        tokenizer: writes tokens.
        mask: the mask token.
        k: at least 1.
    """
    text, encoding = answered.text, answered.encoding
    places = places_of(encoding.ids, tokenizer.token_to_id(mask))
    for which, (place, row) in enumerate(zip(places, answered.row, strict=True)):
        scores = probabilities(row)
        for token in map(int, largest(row, k)):
            yield Fill(
                token=tokenizer.decode([token], skip_special_tokens=False),
                id=token,
                score=float(scores[token]),
                text=_filled(text, encoding, place, token, tokenizer),
                mask=which,
            )


def _filled(
    text: str,
    encoding: tokenizers.Encoding,
    place: int,
    token: int,
    tokenizer: tokenizers.Tokenizer,
) -> str:
    """The text with a token in the place of a mask, joined to the word before as its kind joins.

    The rest of the text stays as it was written: decoding all tokens would lose its case, its
    spaces, and what was cut off.
    """
    start, end = encoding.offsets[place]
    written = tokenizer.decode([token], skip_special_tokens=False)
    before, after = text[:start], text[end:]
    mask = text[start:end]  # of some tokenizers with the space before it
    before += mask[: len(mask) - len(mask.lstrip())]
    if place and (glued := _glued(encoding.ids[place - 1], token, tokenizer)):
        return before.rstrip() + glued + after
    if before and not before[-1].isspace() and written[:1].isspace():
        return before + written + after
    return before + written.lstrip() + after


def _glued(previous: int, token: int, tokenizer: tokenizers.Tokenizer) -> str:
    """How a token is written on to the one before it; empty where a space would part them."""
    alone = tokenizer.decode([previous])  # empty for special tokens
    joined = tokenizer.decode([previous, token], skip_special_tokens=False)
    if not alone or not joined.startswith(alone):
        return ""
    rest = joined[len(alone) :]
    return "" if rest[:1].isspace() else rest
