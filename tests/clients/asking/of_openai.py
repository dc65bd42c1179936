"""The OpenAI client: base64 as it comes, floats when asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai

from clients.asking.server import Server, refused
from clients.questions import REAL, SHORT, TEXT, TEXTS


def ask(server: Server) -> Iterator[tuple[str, Any]]:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    create = client.embeddings.create
    one = create(model=REAL, input=TEXT)
    yield "vector", one.data[0].embedding
    yield "tokens", [one.usage.prompt_tokens, one.usage.total_tokens]
    yield "vectors", [found.embedding for found in create(model=REAL, input=list(TEXTS)).data]
    floats = create(model=REAL, input=list(TEXTS), encoding_format="float", user="someone")
    yield "vectors", [found.embedding for found in floats.data]
    short = create(model=REAL, input=list(TEXTS), dimensions=SHORT)
    yield "short vectors", [found.embedding for found in short.data]
    yield "names", [model.id for model in client.models.list()]
    yield "name", client.models.retrieve(REAL).id
    yield "no such model", refused(lambda: create(model="gpt", input=TEXT))
    yield "no such model", refused(lambda: client.models.retrieve("gpt"))
    yield "token ids", refused(lambda: create(model=REAL, input=[[1, 2, 3]]))
    yield "token ids", refused(lambda: create(model=REAL, input=[1, 2, 3]))
    yield "nothing to embed", refused(lambda: create(model=REAL, input=[]))
    yield "no embedder", refused(lambda: create(model="classifier", input=TEXT))
    yield "too large", refused(lambda: create(model=REAL, input="a " * 5_000_000))
    stranger = client.with_options(api_key="guessed")
    yield "wrong key", refused(lambda: stranger.embeddings.create(model=REAL, input=TEXT))
