"""Bundles that were changed in one place and sealed again, as if they had been made so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgebert.bundle import open_bundle, read_bundle, seal
from edgebert.errors import BundleError

Json = dict[str, Any]


def complaint(path: Path, **options: Any) -> str:
    """The one line that `open_bundle` refuses a bundle with."""
    with pytest.raises(BundleError) as caught:
        open_bundle(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def change_manifest(bundle: Path, change: Callable[[Json], object]) -> None:
    """Change the manifest, and leave its digest as it was."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


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
