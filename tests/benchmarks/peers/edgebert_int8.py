"""edgebert's int8 bundle: `edgebert quantize` with its defaults, on the calibration texts."""

from __future__ import annotations

from pathlib import Path

from benchmarks.edgebert_bundle import fp32_bundle, open_bundle, settings, ways
from benchmarks.protocol import Peer, Sources
from edgebert.quantize import QuantizeOptions, quantize_bundle


def _make(sources: Sources) -> Path:
    path, texts = sources.folder / "edgebert_int8", sources.folder / "calibration.txt"
    texts.write_text("\n".join(sources.calibration) + "\n", encoding="utf-8")
    quantize_bundle(fp32_bundle(sources), path, options=QuantizeOptions(calibration=texts))
    return path


PEER = Peer(
    title="edgebert int8",
    precision="int8",
    packages=("onnxruntime",),
    make=_make,
    ways=ways,
    settings=settings,
    open=open_bundle,
)
