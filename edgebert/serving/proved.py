"""Bundles that are loaded only where they answer as they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgebert.errors import BundleError
from edgebert.runtimes import load
from edgebert.runtimes.golden import run_golden
from edgebert.runtimes.model import Model


def load_proved(path: Path, **options: Any) -> Model:
    """Load a bundle, hash its files, and run its golden texts.

    Args:
        path: where it is.
        options: of `edgebert.load`.

    Raises:
        EdgebertError: it cannot be loaded, or does not answer as it promises.
    """
    model = load(path, verify=True, **options)
    failed = [answer for answer in run_golden(model) if not answer.passed]
    if failed:
        model.close()
        raise BundleError(
            f"{path} does not answer as it promises: {len(failed)} golden texts fail, first "
            f"{failed[0].told}. Run 'edgebert doctor {path}'"
        )
    return model
