"""What clients of text-embeddings-inference ask of the server itself."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from edgebert.serving.answering import json_response
from edgebert.serving.errors import UNHEALTHY, ApiError
from edgebert.serving.models import ServedModel
from edgebert.serving.routes.health import State
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server


class TeiInfo(msgspec.Struct):
    """What text-embeddings-inference tells of its model.

    Attributes:
        model_id: the name that it is served by.
        model_sha: hash of the bundle.
        model_dtype: `float32`, `float16` or `int8`.
        model_type: what it is, by text-embeddings-inference's names, else by its task.
        max_input_length: tokens that are read of a text at a time.
        max_client_batch_size: texts of a request.
        auto_truncate: whether a text that is too long is cut, or refused.
    """

    model_id: str
    model_sha: str
    model_dtype: str
    model_type: dict[str, Any]
    max_input_length: int
    max_client_batch_size: int
    auto_truncate: bool


def routes(server: Server) -> list[Route]:
    """Health."""

    async def health(_request: Request) -> Response:
        if server.ready:
            return json_response({"status": "ready"})
        why = "the server is about to end" if server.draining else "bundles are being loaded"
        raise ApiError(503, UNHEALTHY, why, {"retry-after": "1"})

    summary = "Whether all bundles are loaded, as text-embeddings-inference has it"
    return [Route("/health", health, summary, method="GET", answer=State, open=True)]


def tei_info(server: Server, served: ServedModel) -> TeiInfo:
    """What is told of a bundle."""
    model = served.model
    quantized = model.manifest.quantization is not None
    return TeiInfo(
        model_id=served.name,
        model_sha=model.bundle.sha256,
        model_dtype="int8" if quantized else model.manifest.precision,
        model_type=_kind(served),
        max_input_length=model.max_length,
        max_client_batch_size=server.options.max_texts,
        auto_truncate=server.options.truncate,
    )


def _kind(served: ServedModel) -> dict[str, Any]:
    spec = served.model.spec
    by_index = {str(index): label for index, label in enumerate(spec.labels)}
    labels = {"id2label": by_index, "label2id": {by_index[i]: int(i) for i in by_index}}
    if "rerank" in served.verbs:
        return {"reranker": labels}
    if "classify" in served.verbs:
        return {"classifier": labels}
    if "embed" in served.verbs:
        return {"embedding": {"pooling": spec.pooling}}
    return {spec.task.name: labels if spec.labels else {}}
