"""The packaged page in headless Chromium: every task, and what happens to pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgebert.bundle import read_bundle
from edgebert.packaging.javascript import client_call
from edgebert.packaging.making import package_bundles
from edgebert.packaging.targets import WEB
from web.running import CLIENT, HERE, WORK, asked, fresh

LONGEST_BLOCK_MS = 50
"""Of the page's own thread, while its worker embeds a thousand texts."""


def pages_work(
    tiny: Mapping[str, Path], real: Path, pictures: Path, figures: dict[str, Any]
) -> Iterator[str]:
    """Package bundles, and open their pages.

    Args:
        tiny: a bundle of each task, by name.
        real: an int8 embedder that takes its time.
        pictures: the folder for what the pages look like.
        figures: takes what was measured.
    """
    work = fresh(WORK / "pages")
    pictures.mkdir(parents=True, exist_ok=True)
    plan = {
        "sites": [_site(name, bundle, work / name) for name, bundle in tiny.items()],
        "real": _site("real", real, work / "real")["folder"],
        "pictures": str(pictures.resolve()),
        "work": str(work),
        "longestBlockMs": LONGEST_BLOCK_MS,
    }
    found = asked(HERE / "pages.mjs", plan)
    figures.update(found["figures"])
    yield from found["problems"]


def _site(name: str, bundle: Path, folder: Path) -> dict[str, Any]:
    package_bundles([bundle], folder, target=WEB, vendor=CLIENT)
    manifest = read_bundle(bundle).manifest
    verb = client_call(manifest).removeprefix("model.").partition("(")[0]
    return {"name": name, "folder": str(folder), "verb": verb, "labels": list(manifest.labels)}
