"""The JSON Schema (2020-12) of a record, made from its frozen dataclass."""

from __future__ import annotations

import inspect
import re
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Union, get_args, get_origin

from edgebert.records.golden import Golden
from edgebert.records.manifest import (
    ANY_CPU,
    FORMAT,
    IDENTITY,
    SIGMOID,
    SIMILARITIES,
    SOFTMAX,
    VNNI,
    FileEntry,
    Manifest,
    Quantization,
)
from edgebert.tasks import TASKS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SHA256 = {"pattern": "^[0-9a-f]{64}$"}
_NARROWER: dict[tuple[type, str], dict[str, Any]] = {
    (Manifest, "format"): {"const": FORMAT},
    (Golden, "format"): {"const": FORMAT},
    (Manifest, "task"): {"enum": [task.name for task in TASKS if len(task.graphs) == 1]},
    (Manifest, "similarity"): {"enum": list(SIMILARITIES)},
    (Manifest, "activation"): {"enum": [SOFTMAX, SIGMOID, IDENTITY, None]},
    (Manifest, "ids"): {"enum": ["int64", "int32"]},
    (Manifest, "max_length"): {"minimum": 1},
    (FileEntry, "sha256"): _SHA256,
    (FileEntry, "size_bytes"): {"minimum": 0},
    (Quantization, "isa"): {"enum": [ANY_CPU, VNNI]},
}
"""What a value must be beyond the type that its field declares."""

_NULL = {"type": "null"}
_PLAIN = {str: "string", int: "integer", bool: "boolean"}


def schema_of(cls: type, title: str) -> dict[str, Any]:
    """The schema of the files that hold a `cls`. Keys that it does not know are passed over."""
    definitions: dict[str, Any] = {}
    whole = _record(cls, definitions)
    return {"$schema": DIALECT, "title": title, **whole, "$defs": dict(sorted(definitions.items()))}


def _record(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, notes = typing.get_type_hints(cls), _notes(cls)
    properties = {}
    for field in fields(cls):
        value = _value(hints[field.name], definitions) | _NARROWER.get((cls, field.name), {})
        note = notes.get(field.name)
        properties[field.name] = value | ({"description": note} if note else {})
    required = [f.name for f in fields(cls) if f.default is f.default_factory is MISSING]
    about = (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ").replace("`", "")
    described = {} if about.startswith(f"{cls.__name__}(") else {"description": about}
    return described | {"type": "object", "properties": properties, "required": required}


def _value(wanted: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if wanted is Any:
        return {}
    if wanted is float:
        return {"type": ["number", "null"]}  # null is what JSON has for nan
    if wanted in _PLAIN:
        return {"type": _PLAIN[wanted]}
    if is_dataclass(wanted) and isinstance(wanted, type):
        if wanted.__name__ not in definitions:
            definitions[wanted.__name__] = {}  # a place, for what holds itself
            definitions[wanted.__name__] = _record(wanted, definitions)
        return {"$ref": f"#/$defs/{wanted.__name__}"}
    return _composed(wanted, definitions)


def _composed(wanted: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        (given,) = (_value(each, definitions) for each in arguments if each is not type(None))
        plain = isinstance(given.get("type"), str)
        return given | {"type": [given["type"], "null"]} if plain else {"anyOf": [given, _NULL]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _value(arguments[1], definitions)}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _value(arguments[0], definitions)}
    if origin is tuple:
        items = [_value(argument, definitions) for argument in arguments]
        length = len(items)
        return {"type": "array", "prefixItems": items, "minItems": length, "maxItems": length}
    raise TypeError(f"no JSON Schema for {wanted}")


def _notes(cls: type) -> dict[str, str]:
    """What the docstring of a record says of its attributes."""
    _, _, listed = (inspect.getdoc(cls) or "").partition("Attributes:\n")
    notes = {}
    for entry in re.split(r"\n(?=    \w)", listed.split("\n\n")[0]):
        names, _, said = entry.strip().partition(":")
        for name in names.split(", "):
            notes[name] = re.sub(r"\s+", " ", said).strip().replace("`", "")
    return notes
