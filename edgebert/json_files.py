"""JSON files of a checkpoint, which may be absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.git_lfs import refuse_pointer


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file.

    Raises:
        CheckpointError: the file holds something else.
    """
    if not path.is_file():
        return {}
    refuse_pointer(path, CheckpointError)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} should hold a JSON object")
    return value


def write_value(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
