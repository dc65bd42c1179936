"""The OpenAPI document of a server, made of its routes."""

from __future__ import annotations

from collections.abc import Sequence
from types import UnionType
from typing import Any, get_args

import msgspec

from edgebert.serving.routes.route import Route
from edgebert.version import __version__

Schemas = dict[str, Any]
"""JSON schemas by the types that they are of, as these print."""

_REFERENCE = "#/components/schemas/{name}"
_PER_MODEL = "Also at `/models/NAME{path}`, for the model of that name."
_KEY = "key"
_JSON = "application/json"
_CODES = {
    "400": "The body is no JSON, holds no texts, or ids of tokens",
    "401": "A key is needed",
    "404": "There is no such model",
    "408": "The body did not come in time",
    "413": "More, or longer texts than are taken: the limit and what was given are told",
    "415": "The body is not called JSON",
    "422": "The body is of another shape, or holds what the model cannot answer",
    "429": "Too much waits already: Retry-After says when there is room",
    "500": "An error of the server",
    "503": "Bundles are being loaded, or the server is about to end",
    "504": "There was no answer in time",
}


class Refusal(msgspec.Struct):
    """What is told in place of an answer."""

    error: str
    error_type: str


class OpenAIRefusal(msgspec.Struct):
    """The same to clients of OpenAI."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIRefused(msgspec.Struct):
    """What is told clients of OpenAI in place of an answer."""

    error: OpenAIRefusal


class CohereRefused(msgspec.Struct):
    """What is told clients of Cohere in place of an answer."""

    message: str


def document(routes: Sequence[Route], names: Sequence[str], *, needs_key: bool) -> dict[str, Any]:
    """The document.

    Args:
        routes: all of them.
        names: of the bundles.
        needs_key: whether requests carry a key.
    """
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        told = _operation(route, schemas, needs_key=needs_key)
        paths.setdefault(route.path, {})[route.method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "edgebert",
            "version": __version__,
            "description": f"Models: {', '.join(names)}.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {_KEY: {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[Schemas, dict[str, Any]]:
    """A schema for each type, and those of the structs in them by name."""
    kinds: list[Any] = [Refusal, OpenAIRefused, CohereRefused]
    for route in routes:
        kinds += [kind for kind in (route.body, *_answers(route)) if kind is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    return dict(zip(map(repr, kinds), schemas, strict=True)), components


def _answers(route: Route) -> tuple[Any, ...]:
    """The types that an answer may be of; msgspec reads no union of several lists."""
    return get_args(route.answer) if isinstance(route.answer, UnionType) else (route.answer,)


def _operation(route: Route, schemas: Schemas, *, needs_key: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{_identifier(route.path)}",
        "summary": route.summary,
        "responses": {"200": _answered(route, schemas)} | _refused(route, schemas),
    }
    if route.per_model:
        path = "" if route.path == "/" else route.path
        told["description"] = _PER_MODEL.format(path=path)
    if route.body is not None:
        content = {_JSON: {"schema": schemas[repr(route.body)]}}
        told["requestBody"] = {"required": True, "content": content}
    _before, brace, parameter = route.path.partition("{")
    if brace:
        told["parameters"] = [
            {"name": parameter[:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        ]
    if needs_key and not route.open:
        told["security"] = [{_KEY: []}]
    return told


def _answered(route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.answer is None:
        content = {route.media_type: {"schema": {"type": "string"}}}
        return {"description": "As text", "content": content}
    either = [schemas[repr(answer)] for answer in _answers(route)]
    schema = either[0] if len(either) == 1 else {"anyOf": either}
    return {"description": "The answer", "content": {_JSON: {"schema": schema}}}


def _refused(route: Route, schemas: Schemas) -> dict[str, Any]:
    content = {_JSON: {"schema": schemas[repr(_refusal(route.path))]}}
    codes = ("503",) if route.open else _CODES
    return {code: {"description": _CODES[code], "content": content} for code in codes}


def _refusal(path: str) -> type[msgspec.Struct]:
    """The shape of errors, as `errors.error_response` has it."""
    if path.startswith("/v1/"):
        return OpenAIRefused
    return CohereRefused if path.startswith("/v2/") else Refusal


def _identifier(path: str) -> str:
    return path.replace("/", "_").replace("{", "by_").replace("}", "").replace(".", "_")
