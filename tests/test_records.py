"""Records to JSON and back."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import pkgutil
import types
import typing
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

import edgebert.records
from edgebert.errors import InputError
from edgebert.machine import Machine
from edgebert.records.checked import CheckRecord, Cosine, Flips, Metric
from edgebert.records.codec import from_dict, read_json, to_dict, to_json, write_json
from edgebert.records.diagnosed import DoctorRecord
from edgebert.records.made import ExportRecord, ParityCase

MODULES = [
    importlib.import_module(f"edgebert.records.{found.name}")
    for found in pkgutil.iter_modules(edgebert.records.__path__)
]
RECORDS = [
    cls
    for module in MODULES
    for cls in vars(module).values()
    if dataclasses.is_dataclass(cls) and cls.__module__ == module.__name__
]


def sample(wanted: Any, *, empty: bool) -> Any:
    """A value of a type; `empty`: None and nothing wherever the type allows it."""
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        hints = typing.get_type_hints(wanted)
        names = [field.name for field in dataclasses.fields(wanted)]
        return wanted(**{name: sample(hints[name], empty=empty) for name in names})
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        return None if empty else sample(arguments[0], empty=empty)
    if origin is tuple and arguments[-1] is Ellipsis:
        return () if empty else (sample(arguments[0], empty=empty),) * 2
    if origin is tuple:
        return tuple(sample(argument, empty=empty) for argument in arguments)
    if origin is dict:
        return {} if empty else {"naïve 键": sample(arguments[1], empty=empty)}
    plain: dict[Any, Any] = {int: 3, float: 0.1, bool: True, str: "ça 灯\n", Any: ["a", [1, 2.5]]}
    return plain[wanted]


def case(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "batch": 1, "length": 2, "max_abs": value, "min_cosine": 1.0}


@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: str(cls.__name__))
def test_a_record_comes_back_from_json_as_it_went(cls: type, empty: bool) -> None:
    record = sample(cls, empty=empty)
    assert from_dict(cls, json.loads(to_json(record))) == record


def test_a_record_comes_back_from_a_file(tmp_path: Path) -> None:
    record = sample(ExportRecord, empty=False)
    write_json(record, tmp_path / "record.json")
    assert read_json(ExportRecord, tmp_path / "record.json", "export record") == record
    assert [p.name for p in tmp_path.iterdir()] == ["record.json"]


def test_keys_stand_in_the_order_of_the_documented_header() -> None:
    keys = list(to_dict(sample(CheckRecord, empty=False)))
    assert keys[:5] == ["record", "format", "edgebert", "created", "machine"]


def test_a_key_from_a_later_version_is_passed_over() -> None:
    data = case("a", 0.5) | {"invented_later": {"deep": [1]}}
    assert from_dict(ParityCase, data) == ParityCase("a", 1, 2, 0.5, 1.0)


def test_a_whole_number_serves_as_a_float_and_stays_one() -> None:
    read = from_dict(Cosine, {"mean": 1, "p01": 0.5, "min": 0})
    assert read == Cosine(1.0, 0.5, 0.0)
    assert type(read.mean) is float


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_hold_becomes_null_and_comes_back_as_nan(value: float) -> None:
    text = to_json(Metric("spearman", value, 1.0, 2.0))
    assert json.loads(text)["reference"] is None
    assert math.isnan(from_dict(Metric, json.loads(text)).reference)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"parity": [case("a", 0.1), case("b", 0.1) | {"batch": "1"}]}, "'parity[1].batch' should be int, not str"),
        ({"parity": [{"name": "a"}]}, "it has no 'parity[0].batch'"),
        ({"parity": {}}, "'parity' should be list, not dict"),
        ({"coverage": {"attention": {"expected": 1, "found": None}}}, "'coverage.attention.found' should be int, not NoneType"),
        ({"coverage": {"attention": 12}}, "'coverage.attention' should be dict, not int"),
        ({"machine": "mine"}, "'machine' should be dict, not str"),
        ({"passed": 1}, "'passed' should be bool, not int"),
        ({"max_length": True}, "'max_length' should be int, not bool"),
        ({"seconds": True}, "'seconds' should be float, not bool"),
        ({"failures": ["a", 3]}, "'failures[1]' should be str, not int"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_path(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(to_dict(sample(ExportRecord, empty=False)) | change))
    with pytest.raises(InputError) as caught:
        read_json(ExportRecord, path, "export record")
    assert str(caught.value) == f"{path} is no export record: {complaint}"


def test_a_pair_of_three_is_refused() -> None:
    data = {"flips": 1, "n": 2, "rate": 0.5, "ci95": [0.1, 0.2, 0.3]}
    with pytest.raises(ValueError, match="'ci95' has 3 values where 2 belong"):
        from_dict(Flips, data)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("{}")
    with pytest.raises(InputError, match="is no export record: it has no 'source'"):
        read_json(ExportRecord, path, "export record")


@pytest.mark.parametrize("content", [b"", b"{", b"text\tlabel\n", b"\xff\xfe{}"])
def test_a_file_that_is_not_json_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no export record: it is not valid JSON") as caught:
        read_json(ExportRecord, path, "export record")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["[]", "3", "null", '"text"'])
def test_json_that_is_no_object_is_no_record(tmp_path: Path, content: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(content)
    with pytest.raises(InputError, match="is no export record: it should be dict, not "):
        read_json(ExportRecord, path, "export record")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    with pytest.raises(InputError) as caught:
        read_json(ExportRecord, path, "export record")
    assert str(caught.value) == f"{path} cannot be read: No such file or directory"


def test_every_record_says_where_and_when_it_was_made() -> None:
    record = DoctorRecord(bundle="b", passed=True, checks=())
    assert isinstance(record.machine, Machine)
    assert record.machine.cores >= 1
    assert record.created.endswith("+00:00")
