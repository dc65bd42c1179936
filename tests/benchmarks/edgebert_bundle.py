"""edgebert's own bundles, as its commands make and run them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

import edgebert
from benchmarks.batches import padded
from benchmarks.protocol import (
    OWN_BATCHES,
    Batching,
    Request,
    Setting,
    Sources,
    Vectors,
    Way,
)
from edgebert.runtimes import Model


class BundleEngine:
    def __init__(self, model: Model) -> None:
        self.model = model

    def embed(self, texts: Sequence[str], batching: Batching, *, sort: bool) -> Vectors:
        """`embed` sorts, batches and shares out the cores by itself."""
        return np.asarray(self.model.embed(texts), np.float32)

    def single(self, request: Request) -> Vectors:
        inputs = padded([request.ids], [0]).inputs
        names = self.model.manifest.inputs
        outputs = self.model.engine.run(
            ["sentence_embedding"], {name: inputs[name] for name in names}
        )
        return np.asarray(outputs[0][0], np.float32)


def fp32_bundle(sources: Sources) -> Path:
    """`edgebert export`, once for both bundles."""
    from edgebert.export import export_model

    path = sources.folder / "edgebert_fp32"
    if not path.exists():
        export_model(str(sources.checkpoint), path)
    return path


def ways(cores: int) -> tuple[Way, ...]:
    """One call for all texts: how they share the cores is the runtime's affair."""
    return (Way(Setting(cores), OWN_BATCHES),)


def settings(threads: int) -> tuple[Setting, ...]:
    return (Setting(threads),)


def open_bundle(sources: Sources, path: Path, setting: Setting) -> BundleEngine:
    return BundleEngine(edgebert.load(path, threads=setting.threads))
