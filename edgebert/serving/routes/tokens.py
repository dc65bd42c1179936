"""The tokens that a bundle reads of texts."""

from __future__ import annotations

import asyncio

import msgspec
import tokenizers
from starlette.requests import Request
from starlette.responses import Response

from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.models import TOKENIZE, ServedModel
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server
from edgebert.serving.texts import Texts, texts_of


class TokenizeBody(msgspec.Struct):
    """Texts to split into tokens."""

    inputs: Texts
    model: str | None = None
    add_special_tokens: bool = True
    prompt_name: str | None = None


class Token(msgspec.Struct, gc=False):
    """A token: characters `start` to `stop` of the text; special tokens stand nowhere in it."""

    id: int
    text: str
    special: bool
    start: int | None = None
    stop: int | None = None


def routes(server: Server) -> list[Route]:
    """Texts as tokens."""

    async def tokenize(request: Request) -> Response:
        body = await server.read_body(request, TokenizeBody)
        served = server.model(request, body.model, TOKENIZE)
        texts = texts_of(body.inputs, "inputs")
        server.check_texts([texts])
        prompted = [served.prompt(body.prompt_name) + text for text in texts]
        most = server.options.max_waiting_tokens
        rows = await asyncio.to_thread(_rows, served, prompted, body.add_special_tokens, most)
        return Response(rows, media_type="application/json")

    return [
        Route(
            "/tokenize",
            tokenize,
            "The tokens of each whole text",
            body=TokenizeBody,
            answer=list[list[Token]],
        )
    ]


def _rows(served: ServedModel, texts: list[str], special: bool, most: int) -> bytes:
    """The tokens of whole texts as JSON, text by text, since as objects they are many and large.

    Raises:
        ApiError: 413 they are more than `most`.
    """
    rows: list[bytes] = []
    left, uncut = most, served.model.pipeline.cut(None, 0)
    for text in texts:
        (encoding,) = uncut.encode_batch([text], add_special_tokens=special)  # without the GIL
        left -= len(encoding.ids)
        if left < 0:
            said = f"there are more than {most:,} tokens, which is what is given at most"
            raise ApiError(413, VALIDATION, f"{said} (--max-waiting-tokens): send fewer texts")
        rows.append(msgspec.json.encode(_row(text, encoding)))
    return b"[" + b",".join(rows) + b"]"


def _row(text: str, encoding: tokenizers.Encoding) -> list[Token]:
    columns = (encoding.ids, encoding.tokens, encoding.offsets, encoding.special_tokens_mask)
    return [
        Token(id, token, True) if special else Token(id, text[start:stop], False, start, stop)
        for id, token, (start, stop), special in zip(*columns, strict=True)
    ]
