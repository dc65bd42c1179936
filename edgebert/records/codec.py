"""Records to JSON and back, with each value checked against the type its field declares."""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from edgebert.errors import EdgebertError, GateError, InputError
from edgebert.git_lfs import refuse_pointer
from edgebert.json_files import parse
from edgebert.output import new_file

R = TypeVar("R")


def to_dict(record: Any) -> dict[str, Any]:
    """Turn a record into plain JSON values, in the order its fields are declared."""
    plain: dict[str, Any] = json.loads(to_json(record))
    return plain


def to_json(record: Any) -> str:
    """Turn a record into JSON text; a value JSON cannot hold (nan, infinity) becomes null."""
    return json.dumps(_finite(asdict(record)), indent=2, ensure_ascii=False, allow_nan=False)


def write_json(record: Any, path: Path) -> None:
    """Write a record to `path`, replacing what was there in one step."""
    with new_file(path, force=True) as beside:
        beside.write_text(to_json(record) + "\n", encoding="utf-8")


def read_json(cls: type[R], path: Path, what: str) -> R:
    """Read a record of type `cls`.

    Raises:
        InputError: `path` holds no JSON, or no such record; the message says which key is wrong.
    """
    refuse_pointer(path)
    try:
        data = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is no {what}: it is not valid JSON ({error})") from error
    try:
        return from_dict(cls, data)
    except ValueError as error:
        raise InputError(f"{path} is no {what}: {error}") from error


def from_dict(cls: type[R], data: Any) -> R:
    """Build `cls` from plain JSON values; keys it does not know are passed over.

    Raises:
        ValueError: a key is missing, or its value is of another type than the field declares.
    """
    record: R = _decode(cls, data, "")
    return record


def with_paths_moved(record: R, old: Path, new: Path) -> R:
    """The record as it reads once the folder `old`, in which it was made, is called `new`."""
    return from_dict(type(record), _moved(to_dict(record), str(old), str(new)))


@contextmanager
def errors_moved(old: Path, new: Path) -> Iterator[None]:
    """Have errors, and the records they carry, name `new` in the place of the folder `old`.

    For steps that work in a folder that is gone once one of them fails.
    """
    try:
        yield
    except EdgebertError as error:
        error.args = _moved(list(error.args), str(old), str(new))
        if isinstance(error, GateError) and error.record is not None:
            error.record = with_paths_moved(error.record, old, new)
        raise


def _moved(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _moved(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


def _decode(wanted: Any, value: Any, where: str) -> Any:
    if is_dataclass(wanted) and isinstance(wanted, type):
        return _decode_record(wanted, value, where)
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        return None if value is None else _decode(arguments[0], value, where)
    if origin is tuple:
        return _decode_tuple(arguments, _expect(list, value, where), where)
    if origin is dict:
        items = _expect(dict, value, where).items()
        return {key: _decode(arguments[1], item, f"{where}.{key}") for key, item in items}
    if wanted is Any:
        return value
    if wanted is float and value is None:  # how `to_json` writes a nan
        return math.nan
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return _expect(wanted, value, where)


def _decode_record(cls: type, value: Any, where: str) -> Any:
    _expect(dict, value, where)
    values = {}
    for field in fields(cls):
        key = f"{where}.{field.name}".lstrip(".")
        if field.name in value:
            values[field.name] = _decode(_types(cls)[field.name], value[field.name], key)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"it has no '{key}'")
    return cls(**values)


def _decode_tuple(arguments: tuple[Any, ...], values: list[Any], where: str) -> tuple[Any, ...]:
    if arguments[-1] is Ellipsis:
        return tuple(_decode(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(values))
    if len(values) != len(arguments):
        raise ValueError(f"'{where}' has {len(values)} values where {len(arguments)} belong")
    return tuple(_decode(a, v, where) for a, v in zip(arguments, values, strict=True))


def _expect(wanted: type, value: Any, where: str) -> Any:
    if isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool):
        return value
    what = f"'{where}'" if where else "it"
    raise ValueError(f"{what} should be {wanted.__name__}, not {type(value).__name__}")


@cache
def _types(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
