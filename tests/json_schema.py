"""As much of JSON Schema (2020-12) as the schemas of the project use; any other keyword fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_TELLING = {"$schema", "$defs", "title", "description"}


def problems(schema: dict[str, Any], value: Any, whole: dict[str, Any] | None = None) -> list[str]:
    """Why a value is not what a schema says; nothing where it is.

    Args:
        schema: or a part of one.
        value: as `json.loads` gives it.
        whole: the schema that `$ref` looks in; by default `schema`.
    """
    return list(_problems(schema, value, whole or schema, "it"))


def _problems(schema: Any, value: Any, whole: Any, at: str) -> Iterator[str]:
    for keyword, said in schema.items():
        if keyword in _TELLING:
            continue
        if keyword in _HOLDS:
            if not _HOLDS[keyword](said, value):
                yield f"{at}: {keyword} {said}"
        else:
            yield from _deeper(keyword, said, value, schema, whole, at)


def _one_of_types(said: str | list[str], value: Any) -> bool:
    return any(_TYPES[name](value) for name in ([said] if isinstance(said, str) else said))


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "type": _one_of_types,
    "const": lambda said, value: bool(said == value),
    "enum": lambda said, value: value in said,
    "minimum": lambda said, value: not _TYPES["number"](value) or value >= said,
    "pattern": lambda said, value: not isinstance(value, str) or bool(re.search(said, value)),
    "minItems": lambda said, value: not isinstance(value, list) or len(value) >= said,
    "maxItems": lambda said, value: not isinstance(value, list) or len(value) <= said,
    "required": lambda said, value: not isinstance(value, dict) or value.keys() >= set(said),
}


def _deeper(keyword: str, said: Any, value: Any, schema: Any, whole: Any, at: str) -> Iterator[str]:
    if keyword == "$ref":
        yield from _problems(whole["$defs"][said.removeprefix("#/$defs/")], value, whole, at)
    elif keyword == "anyOf":
        if all(any(_problems(one, value, whole, at)) for one in said):
            yield f"{at}: none of anyOf"
    else:
        for name, inner, item in _children(keyword, said, value, schema):
            yield from _problems(inner, item, whole, f"{at}.{name}")


def _children(
    keyword: str, said: Any, value: Any, schema: Any
) -> Iterator[tuple[str | int, Any, Any]]:
    """Each part of a value with the schema that it should have."""
    if keyword not in ("properties", "additionalProperties", "items", "prefixItems"):
        raise NotImplementedError(f"the keyword {keyword!r}")
    if keyword == "properties" and isinstance(value, dict):
        yield from ((name, said[name], value[name]) for name in said if name in value)
    elif keyword == "additionalProperties" and isinstance(value, dict):
        others = value.keys() - schema.get("properties", {}).keys()
        yield from ((name, said, value[name]) for name in sorted(others))
    elif keyword == "prefixItems" and isinstance(value, list):
        yield from ((i, *each) for i, each in enumerate(zip(said, value, strict=False)))
    elif keyword == "items" and isinstance(value, list):
        behind = len(schema.get("prefixItems", ()))
        yield from ((i, said, value[i]) for i in range(behind, len(value)))
