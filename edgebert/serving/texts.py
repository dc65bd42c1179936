"""Texts in bodies: one or several, and never the ids of somebody's tokens."""

from __future__ import annotations

from typing import Any

from edgebert.serving.errors import EMPTY, VALIDATION, ApiError

Texts = str | list[str | int | list[int]]
"""One text or several, as a body has them; ids of tokens are seen, and refused."""

_IDS = (
    "{field} holds token ids: they are of another model's tokenizer and would give meaningless "
    "answers. Send texts (LangChain's OpenAIEmbeddings: check_embedding_ctx_length=False)"
)


def texts_of(given: Any, field: str) -> list[str]:
    """Several texts, of one or several.

    Args:
        given: of a body, as `Texts`.
        field: its name there.

    Raises:
        ApiError: 400 none, or ids of tokens.
    """
    texts = [given] if isinstance(given, str) else given
    if not texts:
        raise ApiError(400, EMPTY, f"{field} is empty: send at least one text", param=field)
    if not all(isinstance(text, str) for text in texts):
        raise ApiError(400, VALIDATION, _IDS.format(field=field), param=field)
    return list(texts)
