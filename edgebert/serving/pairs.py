"""How much a query beside each of many texts comes to."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.serving.errors import VALIDATION, ApiError


def require_short_pairs(query: str, texts: Sequence[str], most: int) -> None:
    """Refuse a query that is too long to be read beside each of the texts.

    A body says it once, and it is split into tokens as often as there are texts: a megabyte beside
    a thousand texts would keep the server from everything else until the request is given up.

    Args:
        query: as it was sent.
        texts: the same.
        most: characters of all pairs: what a body could hold if they were written out.

    Raises:
        ApiError: 413 there are more.
    """
    given = len(query) * len(texts) + sum(map(len, texts))
    if given > most:
        said = f"a query of {len(query):,} characters beside each of {len(texts):,} texts"
        message = f"{said} makes {given:,}; at most {most:,} are read (--max-body): shorten it"
        raise ApiError(413, VALIDATION, message, param="query")
