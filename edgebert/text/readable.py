"""Tokens that a tokenizer knows and a model does not: it has no embedding for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping


def tokens_beyond(vocabulary: Mapping[str, int], rows: int) -> tuple[str, ...]:
    """The tokens whose ids are beyond a table of so many embeddings, in the order of their ids."""
    beyond = [(number, token) for token, number in vocabulary.items() if number >= rows]
    return tuple(token for _, token in sorted(beyond))


def refusal_of(ids: Iterable[int], rows: int, piece: Callable[[int], object]) -> str | None:
    """Why a text of these tokens cannot be read; None where it can.

    Args:
        ids: of its tokens.
        rows: embeddings that the model has.
        piece: writes a token.
    """
    beyond = next((number for number in ids if number >= rows), None)
    if beyond is None:
        return None
    return f"its token {piece(beyond)!r} ({beyond}) has no embedding: the model has {rows}"
