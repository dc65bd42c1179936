"""Who sits where: our client with bundles, transformers.js with a model of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web.running import CLIENT, WORK, fresh
from web.running import HERE as TESTS

from edgebert.packaging.web import WASM_FILES

SITE = WORK / "bench-site"
HERE = Path(__file__).parent
LONGEST = 128
"""Tokens that are read of a text."""

OWN_BATCHES = 0
TRANSFORMERS_JS = "transformers.js"
GRAPHS = {"fp32": "model.onnx", "q8": "model_quantized.onnx"}
"""The file of each precision that transformers.js asks for."""

_PACKAGE = TESTS / "node_modules" / "@huggingface" / "transformers"
_THEIR_RUNTIME = TESTS / "node_modules" / "onnxruntime-web" / "dist"
_THEIR_WASM = ("ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm")


@dataclass(frozen=True)
class Contestant:
    """A client with a model.

    Attributes:
        client: the library, as seat.mjs calls it.
        folder: of the model, with all that is downloaded of it.
        dtype: the precision that transformers.js is asked for.
        batches: numbers of texts that are handed over at a time, of which the best is taken.
        leaves: a file of the folder that is not downloaded for it.
    """

    name: str
    title: str
    client: str
    folder: Path
    batches: tuple[int, ...]
    dtype: str | None = None
    leaves: str = ""

    def seat(self, place: str, threads: int) -> dict[str, Any]:
        """What seat.mjs is told, in Node by paths, in a page by addresses."""
        told = {
            "name": self.name, "client": self.client, "dtype": self.dtype, "threads": threads,
            "longest": LONGEST, "batches": self.batches,
        }  # fmt: skip
        if place == "Node":
            return told | {"library": str(_IN_NODE[self.client]), "model": str(self.folder)}
        model = f"/models/{self.folder.name}" if self.dtype else f"/models/{self.name}/"
        return told | {"model": model} | _IN_PAGE[self.client]

    @property
    def size_bytes(self) -> int:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files if path.name != self.leaves)


_IN_NODE = {
    "edgebert": CLIENT / "dist" / "edgebert.js",
    TRANSFORMERS_JS: _PACKAGE / "dist" / "transformers.node.mjs",
}
_IN_PAGE = {
    "edgebert": {"library": "/client/edgebert.min.js", "runtime": f"/ort/{WASM_FILES[0]}"},
    TRANSFORMERS_JS: {"library": "/their/transformers.min.js", "runtime": "/their/"},
}


def ours(bundles: Mapping[str, Path]) -> list[Contestant]:
    """Our client with each bundle, all texts at once or one at a time."""
    return [
        Contestant(name, f"edgebert {name}", "edgebert", bundle.resolve(), (1, OWN_BATCHES))
        for name, bundle in bundles.items()
    ]


def peers(folder: Path) -> list[Contestant]:
    """transformers.js with the graphs of its folder, `GRAPHS`."""
    return [
        Contestant(
            f"{TRANSFORMERS_JS} {dtype}", f"{TRANSFORMERS_JS} {dtype}", TRANSFORMERS_JS, folder,
            (1, 8, 32), dtype, leaves=next(file for key, file in GRAPHS.items() if key != dtype),
        )
        for dtype in GRAPHS
    ]  # fmt: skip


def versions() -> dict[str, str]:
    """Of the libraries that were measured."""
    return {
        "@huggingface/transformers": _version(_PACKAGE),
        "onnxruntime-web": _version(CLIENT / "node_modules/onnxruntime-web"),
        "onnxruntime-node": _version(CLIENT / "node_modules/onnxruntime-node"),
        "onnxruntime-web of transformers.js": _version(_THEIR_RUNTIME.parent),
        "onnxruntime-node of transformers.js": _version(TESTS / "node_modules/onnxruntime-node"),
    }


def _version(package: Path) -> str:
    return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])


def lay_out(contestants: list[Contestant]) -> None:
    """Make the folder that pages are served from."""
    fresh(SITE)
    (SITE / "index.html").write_text("<!doctype html><link rel=icon href=data:,><title>a</title>")
    shutil.copy(HERE / "seat.mjs", SITE)
    (SITE / "client").symlink_to(CLIENT / "dist")
    for folder in ("ort", "their", "models"):
        (SITE / folder).mkdir()
    for name in WASM_FILES:
        (SITE / "ort" / name).symlink_to(CLIENT / "node_modules/onnxruntime-web/dist" / name)
    (SITE / "their" / "transformers.min.js").symlink_to(_PACKAGE / "dist" / "transformers.min.js")
    for name in _THEIR_WASM:
        (SITE / "their" / name).symlink_to(_THEIR_RUNTIME / name)
    for one in contestants:
        place = SITE / "models" / (one.folder.name if one.dtype else one.name)
        if not place.exists():
            place.symlink_to(one.folder)
