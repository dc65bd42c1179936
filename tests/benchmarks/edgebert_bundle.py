"""edgebert's own bundles, as its commands make and run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

import edgebert
from benchmarks.batches import padded
from benchmarks.protocol import (
    OWN_BATCHES,
    Batching,
    Peer,
    Request,
    Setting,
    Sources,
    Vectors,
    Way,
)
from edgebert.runtimes import Model


class Load(Protocol):
    def __call__(self, path: Path, *, threads: int) -> Model: ...


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
    """`edgebert export`, once for all bundles."""
    from edgebert.export import export_model

    path = sources.folder / "edgebert_fp32"
    if not path.exists():
        export_model(str(sources.checkpoint), path)
    return path


def int8_bundle(sources: Sources) -> Path:
    """`edgebert quantize` with its defaults, on the calibration texts, once for all who run it."""
    from edgebert.quantize import QuantizeOptions, quantize_bundle

    path, texts = sources.folder / "edgebert_int8", sources.folder / "calibration.txt"
    if not path.exists():
        texts.write_text("\n".join(sources.calibration) + "\n", encoding="utf-8")
        quantize_bundle(fp32_bundle(sources), path, options=QuantizeOptions(calibration=texts))
    return path


def bundle_peer(
    title: str,
    precision: str,
    make: Callable[[Sources], Path],
    load: Load = edgebert.load,
    packages: tuple[str, ...] = ("onnxruntime",),
) -> Peer:
    """A bundle as a peer.

    Args:
        title, precision, make, packages: as of `Peer`.
        load: opens a bundle on a number of threads: `edgebert.load`, with options where need be.
    """
    return Peer(
        title=title,
        precision=precision,
        packages=packages,
        make=make,
        ways=lambda cores: (Way(Setting(cores), OWN_BATCHES),),  # it orders and shares out itself
        settings=lambda threads: (Setting(threads),),
        open=lambda sources, path, setting: BundleEngine(load(path, threads=setting.threads)),
    )
