"""Which layers of a graph x86 CPUs without VNNI would multiply otherwise than all others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgebert.onnx_graph.parts import WEIGHT_ONLY, MatMul
from edgebert.onnx_graph.reading import INT8
from edgebert.onnx_graph.saturation import overflowing_share
from edgebert.onnx_graph.weights import read_tensors
from edgebert.records.inspected import LayerSaturation
from edgebert.records.manifest import Manifest


def saturating_layers(
    model: Path, matmuls: Sequence[MatMul], manifest: Manifest | None
) -> tuple[LayerSaturation, ...]:
    """The layers whose sums of u8 x s8 products can leave 16 bits, the worst first.

    Args:
        model: the .onnx file, whose int8 weights say what is possible.
        matmuls: of its graph.
        manifest: of its bundle, which says what calibration texts do.
    """
    signed = [
        matmul
        for matmul in matmuls
        if matmul.int8 and matmul.form != WEIGHT_ONLY and matmul.weight.data_type == INT8
    ]
    if not signed:
        return ()
    tensors = read_tensors(model)
    expected = _expected(manifest)
    found = [
        LayerSaturation(
            name=matmul.name,
            overflowing_pairs=overflowing_share(tensors[matmul.weight.name]),
            expected_error=expected.get(matmul.name),
        )
        for matmul in signed
        if len(matmul.weight.dims) == 2
    ]
    order = sorted(found, key=lambda layer: -layer.overflowing_pairs)
    return tuple(layer for layer in order if layer.overflowing_pairs)


def _expected(manifest: Manifest | None) -> dict[str, float | None]:
    quantization = manifest.quantization if manifest else None
    return {layer.name: layer.saturation for layer in quantization.layers} if quantization else {}
