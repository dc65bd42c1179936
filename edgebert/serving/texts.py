"""Texts in bodies: one or several, and never the ids of somebody's tokens."""

from __future__ import annotations

from edgebert.serving.errors import EMPTY, ApiError

Texts = str | list[str]
"""One text or several, as a body has them; reading a body refuses ids of tokens."""


def texts_of(given: Texts, field: str) -> list[str]:
    """Several texts, of one or several.

    Args:
        given: of a body.
        field: its name there.

    Raises:
        ApiError: 400 there are none.
    """
    texts = [given] if isinstance(given, str) else given
    if not texts:
        raise ApiError(400, EMPTY, f"{field} is empty: send at least one text", param=field)
    return texts
