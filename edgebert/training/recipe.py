"""recipe.toml of a checkpoint: what was asked for, as `--config` of the commands reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgebert.toml_files import toml_text
from edgebert.training.options import LoopOptions

RECIPE = "recipe.toml"

Given = Mapping[str, str | Path | Sequence[Path] | None]
"""What a run was given beside its options, by the command's names: models, files, a task."""


def recipe_text(command: str, given: Given, options: LoopOptions, folder: Path | None) -> str:
    """Everything that makes the run again.

    Args:
        command: which it was.
        given: to it, beside options.
        options: how it ran.
        folder: where paths are seen from; None leaves the names of files and folders alone.
    """
    told = {name: _seen_from(folder, value) for name, value in given.items()}
    paths = "relative to this file" if folder else "names alone here"
    return (
        f"# edgebert {command} --config {RECIPE} -o OUTPUT makes this run again.\n"
        f"# Paths are {paths}.\n" + toml_text({**told, **dict(_flat(options))})
    )


def _flat(options: LoopOptions) -> Iterator[tuple[str, Any]]:
    """Options as the command line names them: `columns.text` is --text-column there."""
    for name, value in asdict(options).items():
        if isinstance(value, dict):
            yield from ((f"{part}_{name.removesuffix('s')}", one) for part, one in value.items())
        else:
            yield name, value


def _seen_from(folder: Path | None, value: str | Path | Sequence[Path] | None) -> Any:
    if isinstance(value, Path) or (isinstance(value, str) and Path(value).exists()):
        return _relative(Path(value), folder)
    if value is None or isinstance(value, str):
        return value
    return [_relative(path, folder) for path in value]


def _relative(path: Path, folder: Path | None) -> str:
    if folder is None:
        return path.name
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return path.resolve().as_posix()
