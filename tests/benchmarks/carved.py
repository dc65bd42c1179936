"""Where the files of rows lie: among the data sets, or among what is carved of them."""

from __future__ import annotations

from pathlib import Path

CARVED = "carved"
"""The folder, in that of a benchmark's models, of what is carved."""


def is_carved(told: str) -> bool:
    """Whether a row's file is made of data sets, and is none of them."""
    return Path(told).parts[0] == CARVED


def path_of(told: str, data: Path, folder: Path) -> Path:
    """Where a row's file lies: in `data`, or in `folder` where it is carved."""
    return (folder if is_carved(told) else data) / told
