"""JSON that others wrote: parsed in one place, and files of a checkpoint, which may be absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.git_lfs import refuse_pointer

_DEEPEST = 128
"""As deep as serde_json reads, and with it whoever else reads a tokenizer.json."""
_TOO_DEEP = f"lists and objects more than {_DEEPEST} deep in each other"


def parse(text: str) -> Any:
    """Parse JSON that somebody else may have written.

    Raises:
        ValueError: it is no JSON, or lies so deep in itself that walking it could end the stack.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if text.count("[") + text.count("{") > _DEEPEST and _depth(value) > _DEEPEST:
        raise ValueError(_TOO_DEEP)
    return value


def _depth(value: Any) -> int:
    """How many lists and objects lie in each other, found without recursion."""
    depth, layer = 0, [value]
    while layer := [item for item in layer if isinstance(item, dict | list)]:
        depth += 1
        layer = [
            inner for item in layer for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file.

    Raises:
        CheckpointError: the file holds something else.
    """
    if not path.is_file():
        return {}
    refuse_pointer(path, CheckpointError)
    try:
        value = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} should hold a JSON object")
    return value


def write_value(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
