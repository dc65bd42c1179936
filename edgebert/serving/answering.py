"""Answers as JSON, with what was read of the texts told in headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

_MOST_PLACES = 100
"""Places that a header lists: proxies and clients refuse headers of more than 4 or 8 kB."""


@dataclass(frozen=True)
class Reply:
    """What a model answered.

    Attributes:
        value: as its method gives it.
        tokens: that were read of each text, special tokens with them.
        cut: places of the texts that are longer than what was read of them.
    """

    value: Any
    tokens: tuple[int, ...]
    cut: tuple[int, ...]


def json_response(
    content: Any, reply: Reply | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer as JSON; numpy arrays as lists, each float32 with the digits that give it back.

    Args:
        content: what is told.
        reply: of which it is made: `x-tokens` and `x-truncated` tell what was read.
        headers: others.
    """
    told = dict(headers or {})
    if reply is not None:
        told |= read_headers(reply)
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SERIALIZE_DATACLASS)
    return Response(body, headers=told, media_type="application/json")


def read_headers(reply: Reply) -> dict[str, str]:
    """How many tokens were read, and which texts were cut."""
    told = {"x-tokens": str(sum(reply.tokens))}
    if reply.cut:
        listed = ",".join(map(str, reply.cut[:_MOST_PLACES]))
        told["x-truncated"] = listed + (",..." if len(reply.cut) > _MOST_PLACES else "")
        told["x-truncated-texts"] = str(len(reply.cut))
    return told
