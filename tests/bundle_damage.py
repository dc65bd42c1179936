"""Bundles that were changed in one place and sealed again, as if they had been made so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgebert.bundle import read_bundle, seal

Json = dict[str, Any]


def edit(bundle: Path, name: str, change: Callable[[Json], object]) -> None:
    """Change a file of the bundle and seal it again, as if it had been made so."""
    value = json.loads((bundle / name).read_text(encoding="utf-8"))
    change(value)
    (bundle / name).write_text(json.dumps(value), encoding="utf-8")
    reseal(bundle)


def reseal(bundle: Path) -> None:
    seal(bundle, read_bundle(bundle).manifest)


def elsewhere(**made: str) -> Callable[[Json], None]:
    """Golden answers that this device does not give, made elsewhere."""

    def change(golden: Json) -> None:
        golden.update(made)
        for text in golden["texts"]:
            text["expected"] = [-value for value in text["expected"]]

    return change


def proved_on(cpu_class: str) -> Callable[[Json], None]:
    def change(manifest: Json) -> None:
        manifest["quantization"]["cpu_classes"] = [cpu_class]

    return change
