"""onnxruntime, dynamic int8 as optimum-onnx and sentence-transformers make it.

Neither installs beside transformers 5, so their recipe calls `onnxruntime.quantization` here:
`AutoQuantizationConfig.avx2(is_static=False)` and its siblings of optimum.onnxruntime.configuration
mean per-channel symmetric weights of every operator, unsigned for AVX2 and signed elsewhere.
"""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic

from benchmarks.onnx_session import open_session, settings, ways
from benchmarks.plain_export import fused_onnx, plain_onnx
from benchmarks.protocol import Peer, Sources
from edgebert.machine import this_machine


def _weight_type() -> QuantType:
    """What the recipe takes on this CPU: only its `avx2` has unsigned weights."""
    features = set(this_machine().features)
    signed = features & {"avx512f", "avx_vnni", "avx512_vnni", "asimd"}
    return QuantType.QInt8 if signed else QuantType.QUInt8


def _make(sources: Sources) -> Path:
    folder = sources.folder / "ort_int8"
    folder.mkdir()
    for source, mode in ((plain_onnx(sources), "plain"), (fused_onnx(sources), "fused")):
        quantize_dynamic(
            source,
            folder / f"{mode}.onnx",
            per_channel=True,
            weight_type=_weight_type(),
            extra_options={
                "WeightSymmetric": True,
                "ActivationSymmetric": False,
                "DefaultTensorType": TensorProto.FLOAT,  # behind contrib ops no type is inferred
            },
        )
    return folder


PEER = Peer(
    title="ONNX Runtime int8",
    precision="int8",
    packages=("onnxruntime",),
    make=_make,
    ways=ways,
    settings=settings,
    open=open_session,
)
