"""A thread for each request around a bundle: what our server is held against.

Everything else is as in our server: Starlette, uvicorn with uvloop and httptools, orjson.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio.to_thread
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from edgebert.runtimes import load

_THREADS = 64
"""As many as there are connections at most; Starlette's own bound is 40."""


def make_app(bundle: Path) -> Starlette:
    """The routes that are measured."""
    model = load(bundle)

    def answer(body: bytes) -> bytes:
        asked = orjson.loads(body)["input"]
        vectors = model.embed([asked] if isinstance(asked, str) else asked)
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        told = {"object": "list", "data": data, "model": "m"}
        return orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY)

    async def embeddings(request: Request) -> Response:
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = _THREADS
        told = await anyio.to_thread.run_sync(answer, await request.body())
        return Response(told, media_type="application/json")

    async def ready(request: Request) -> Response:
        return PlainTextResponse("ready")

    return Starlette(
        routes=[Route("/v1/embeddings", embeddings, methods=["POST"]), Route("/ready", ready)]
    )


if __name__ == "__main__":
    uvicorn.run(make_app(Path(sys.argv[1])), port=int(sys.argv[2]), access_log=False)
