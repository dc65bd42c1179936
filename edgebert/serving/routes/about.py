"""What the server serves, and how it is asked."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from edgebert.serving.answering import json_response
from edgebert.serving.calls import call_of
from edgebert.serving.described.openapi import document
from edgebert.serving.described.page import page
from edgebert.serving.models import ANYTHING, ServedModel
from edgebert.serving.routes.route import Route
from edgebert.serving.routes.tei import tei_info
from edgebert.serving.server import Server
from edgebert.version import __version__

_NOTHING_FROM_ELSEWHERE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"
}


class ModelInfo(msgspec.Struct):
    """A bundle.

    Attributes:
        verbs: what it can be asked.
        width: numbers in a vector; None where it gives none, or sparse ones.
        normalizes: whether its vectors have length 1.
        provider: what runs it, by onnxruntime's name.
    """

    name: str
    task: str
    verbs: list[str]
    max_length: int
    width: int | None
    normalizes: bool
    labels: list[str]
    prompts: list[str]
    precision: str
    fingerprint: str
    sha256: str
    provider: str


class Limits(msgspec.Struct):
    """What is taken at most in a request, and how long one may take."""

    max_texts: int
    max_body_bytes: int
    max_text_chars: int
    max_waiting_tokens: int
    request_timeout_s: float
    truncate: bool


class Info(msgspec.Struct):
    """What is served."""

    version: str
    models: list[ModelInfo]
    limits: Limits


def routes(server: Server, others: list[Route]) -> list[Route]:
    """What is served, and the routes themselves.

    Args:
        server: of the routes.
        others: that are described.
    """

    async def info(request: Request) -> Response:
        named = call_of(request).named
        models = list(server.served) if named is None else [server.model(request, None, ANYTHING)]
        told = msgspec.to_builtins(info_of(server, models))
        if len(models) == 1:
            told |= msgspec.to_builtins(tei_info(server, models[0]))
        return json_response(told)

    @cache
    def described() -> dict[str, Any]:
        needs_key = server.options.api_key_file is not None
        return document([*others, *told], server.served.names, needs_key=needs_key)

    async def openapi(request: Request) -> Response:
        return json_response(described())

    async def docs(request: Request) -> Response:
        return HTMLResponse(page(described()), headers=_NOTHING_FROM_ELSEWHERE)

    told = [
        Route(
            "/info",
            info,
            "The models and the limits; a single model also as text-embeddings-inference tells it",
            method="GET",
            answer=Info,
        ),
        Route(
            "/openapi.json",
            openapi,
            "This document",
            method="GET",
            answer=dict[str, Any],
            per_model=False,
            open=True,
        ),
        Route(
            "/docs",
            docs,
            "This document as a page",
            method="GET",
            media_type="text/html",
            per_model=False,
            open=True,
        ),
    ]
    return told


def info_of(server: Server, models: Iterable[ServedModel]) -> Info:
    """Models that are loaded, and the limits."""
    options = server.options
    return Info(
        version=__version__,
        models=[_model(served) for served in models],
        limits=Limits(
            max_texts=options.max_texts,
            max_body_bytes=options.max_body,
            max_text_chars=options.max_text_chars,
            max_waiting_tokens=options.max_waiting_tokens,
            request_timeout_s=options.request_timeout,
            truncate=options.truncate,
        ),
    )


def _model(served: ServedModel) -> ModelInfo:
    model = served.model
    return ModelInfo(
        name=served.name,
        task=model.task,
        verbs=sorted(served.verbs - {ANYTHING}),
        max_length=model.max_length,
        width=model.width if model.spec.task.dense else None,
        normalizes=served.normalizes,
        labels=list(model.labels),
        prompts=list(model.prompts),
        precision=model.manifest.precision,
        fingerprint=served.fingerprint,
        sha256=model.bundle.sha256,
        provider=model.provider,
    )
