"""Bounds from a TOML file: its table `[tool.edgebert.check]`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.errors import InputError
from edgebert.measures import BOUNDS, Thresholds
from edgebert.toml_files import read_toml

_TABLE = "[tool.edgebert.check]"


@dataclass(frozen=True)
class GateFile:
    """What a `[tool.edgebert.check]` table asks for."""

    thresholds: Thresholds
    baseline: Path | None = None
    margin: float | None = None


def read_gate_file(path: Path) -> GateFile:
    """Read `[tool.edgebert.check]` of a TOML file; keys are the bounds, `baseline` and `margin`.

    Raises:
        InputError: the file cannot be read, has no such table, or a key or value makes no sense.
    """
    table = _table(path)
    if table is None:
        raise InputError(f"{path} has no {_TABLE}")
    values = {key.replace("-", "_"): value for key, value in table.items()}
    unknown = sorted(set(values) - set(BOUNDS) - {"baseline", "margin"})
    if unknown:
        known = ", ".join(sorted(set(BOUNDS) | {"baseline", "margin"}))
        raise InputError(f"{path}, {_TABLE}: unknown key {unknown[0]!r}; known are {known}")
    for key, value in values.items():
        wanted: Any = str if key == "baseline" else (int, float)
        if not isinstance(value, wanted) or isinstance(value, bool):
            what = "a file name" if key == "baseline" else "a number"
            raise InputError(f"{path}, {_TABLE}: {key} should be {what}, not {value!r}")
    baseline = values.pop("baseline", None)
    margin = values.pop("margin", None)
    return GateFile(
        thresholds=Thresholds(**values),
        baseline=path.parent / baseline if baseline else None,
        margin=margin,
    )


def has_gate_table(path: Path) -> bool:
    """Whether a TOML file asks for bounds; one that is absent does not."""
    return path.is_file() and _table(path) is not None


def _table(path: Path) -> dict[str, Any] | None:
    read = read_toml(path)
    tool = read.get("tool", {})
    table = tool.get("edgebert", {}).get("check") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None
