"""Trains a model of this tier and quantizes it, once for each recipe, version and data."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.carved import path_of
from benchmarks.training.data import carve
from benchmarks.training.running import run_edgebert
from devices.minilm import minilm_folder

from edgebert.bundle import file_sha256
from edgebert.output import new_folder
from edgebert.user_cache import user_cache
from edgebert.version import __version__
from heads.models import Head


def files_of(head: Head, data: Path) -> tuple[Path, Path]:
    """What it learns from, and what it is measured on."""
    folder = user_cache("heads")
    carve((head.train, head.test), data, folder)
    return path_of(head.train, data, folder), path_of(head.test, data, folder)


def made_of(head: Head, train: Path) -> Path:
    """The folder with `checkpoint`, `fp32` and `int8`, from the user's cache or made now.

    Raises:
        EdgebertError: a command failed; it has said why.
    """
    told = json.dumps([asdict(head), __version__, file_sha256(train)])
    key = hashlib.sha256(told.encode()).hexdigest()[:16]
    folder = user_cache("heads") / f"{head.name}-{key}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(folder) as beside:
            _make(head, train, beside)
    return folder


def _make(head: Head, train: Path, folder: Path) -> None:
    checkpoint, floats, int8 = (folder / name for name in ("checkpoint", "fp32", "int8"))
    run_edgebert(
        "finetune", minilm_folder(), "--task", head.task, "--train", train,
        *head.options, "-o", checkpoint, "--offline",
    )  # fmt: skip
    run_edgebert("export", checkpoint, "-o", floats, "--offline")
    run_edgebert("quantize", floats, "-o", int8, "--offline")
