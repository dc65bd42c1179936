"""Record files of any kind, told apart by their own `record` key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edgebert.errors import InputError
from edgebert.records.checked import CheckRecord
from edgebert.records.codec import read_json
from edgebert.records.compared import DiffRecord
from edgebert.records.diagnosed import DoctorRecord
from edgebert.records.header import Header
from edgebert.records.inspected import InspectRecord
from edgebert.records.live_drift import LiveDriftRecord
from edgebert.records.made import (
    ExportRecord,
    KernelsRecord,
    OptimizeRecord,
    PackageRecord,
    QuantizeRecord,
)
from edgebert.records.timed import BenchRecord
from edgebert.records.trained import TrainingRecord
from edgebert.records.tuned import TuneRecord

R = TypeVar("R", bound=Header)

TRAINING = "training.json"
"""The record that a checkpoint keeps of its training."""

_FORMAT = 1
_KINDS: dict[str, type[Header]] = {
    "check": CheckRecord,
    "bench": BenchRecord,
    "quantize": QuantizeRecord,
    "kernels": KernelsRecord,
    "export": ExportRecord,
    "optimize": OptimizeRecord,
    "package": PackageRecord,
    "inspect": InspectRecord,
    "doctor": DoctorRecord,
    "training": TrainingRecord,
    "diff": DiffRecord,
    "tune": TuneRecord,
    "live-drift": LiveDriftRecord,
}


@dataclass(frozen=True)
class _Kind:
    record: str
    format: int


def read_record(path: Path) -> Header:
    """Read one record: a JSON file, or the training.json of a checkpoint's folder.

    Raises:
        InputError: `path` is no record, or one of a kind or format this version does not know.
    """
    if path.is_dir():
        if not (path / TRAINING).is_file():
            raise InputError(
                f"{path} holds no {TRAINING}: give a record, or a folder that was trained"
            )
        path = path / TRAINING
    kind = read_json(_Kind, path, "edgebert record")
    if kind.record not in _KINDS:
        raise InputError(
            f"{path} is a record of kind '{kind.record}'; known are {', '.join(_KINDS)}"
        )
    if kind.format != _FORMAT:
        raise InputError(
            f"{path} is a {kind.record} record of format {kind.format}; "
            f"this version reads format {_FORMAT}"
        )
    return read_json(_KINDS[kind.record], path, f"{kind.record} record")


def of_kind(records: Sequence[Header], kind: type[R]) -> list[R]:
    """The records of one kind, in the order given."""
    return [record for record in records if isinstance(record, kind)]


def distinct(records: Sequence[Header]) -> list[Header]:
    """The records in the order given, each once."""
    return [record for i, record in enumerate(records) if record not in records[:i]]
