"""What a bundle or an ONNX file holds, told from its graph."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from edgebert.bundle import MANIFEST, TOKENIZER, Bundle, open_bundle
from edgebert.errors import InputError
from edgebert.inspect.saturation import saturating_layers
from edgebert.onnx_graph.external_data import external_files
from edgebert.onnx_graph.parts import (
    DYNAMIC,
    STATIC,
    TOKEN,
    WEIGHT_ONLY,
    MatMul,
    constant_matmuls,
    matmul_forms,
)
from edgebert.onnx_graph.reading import OnnxGraph, read_graph
from edgebert.onnx_graph.saturation import sums_can_overflow
from edgebert.onnx_graph.sizes import folder_sizes, model_size, weight_sizes
from edgebert.records.manifest import Count
from edgebert.records.measured import InspectRecord, KernelLayers, Placement, Quantized
from edgebert.runtimes.kernels.rewriting import layers_for_kernels

QUANTIZED = (TOKEN, STATIC, DYNAMIC, WEIGHT_ONLY)
"""The forms of a matrix product that are not all floats."""

FUSED_OPERATORS = {
    "attention": ("Attention", "MultiHeadAttention", "QAttention"),
    "qkv": ("Attention", "QAttention"),
    "layer_norm": (
        "EmbedLayerNormalization",
        "LayerNormalization",
        "QEmbedLayerNormalization",
        "SkipLayerNormalization",
    ),
    "gelu": ("BiasGelu", "FastGelu", "Gelu", "QuickGelu"),
}
"""Parts of an encoder, and the operators that each may be as a whole."""


def inspect_path(path: Path, *, provider: str | None = None) -> InspectRecord:
    """Tell what a bundle or an ONNX file holds, without loading it.

    Args:
        path: a bundle's folder or an .onnx file.
        provider: also load it, and run it once, to tell where the nodes run under this one (see
            `edgebert.load`).

    Raises:
        InputError: `path` is neither, or its graph is damaged or takes weights from elsewhere.
        BundleError: `path` is a bundle with files missing or of another size.
        ProviderError: the provider is not installed or cannot run the graph.
    """
    bundle = _bundle_at(path)
    model = bundle.model_path if bundle else path
    external_files(model)
    graph = read_graph(model)
    matmuls = constant_matmuls(graph)
    saturation = saturating_layers(model, matmuls, bundle.manifest if bundle else None)
    files = (
        folder_sizes(bundle.model_path, bundle.path / TOKENIZER, graph)
        if bundle
        else {"model": model_size(path, graph)}
    )
    return InspectRecord(
        path=str(path),
        operators=count_operators(graph),
        coverage=_recount(bundle, graph) if bundle else {},
        quantized=_quantized(matmuls),
        sizes=weight_sizes(graph) | files,
        risks=_risks(graph, len(saturation)),
        target=bundle.manifest.target if bundle else None,
        fixed_shape=bundle.manifest.fixed_shape if bundle else None,
        unfused=bundle.manifest.unfused if bundle else {},
        saturation=saturation,
        placement=_placement(model, bundle, provider) if provider else None,
        kernels=_kernels(model, bundle),
        web=bundle.manifest.web if bundle else None,
    )


def count_operators(graph: OnnxGraph) -> dict[str, int]:
    """How many nodes of each operator, most first; other domains than ONNX's are named."""
    counts = Counter(f"{n.domain}.{n.op_type}" if n.domain else n.op_type for n in graph.nodes)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def count_coverage(graph: OnnxGraph) -> dict[str, int]:
    """How many parts of the encoder run as one fused or quantized operator."""
    counts = Counter(node.op_type for node in graph.nodes)
    fused = {part: sum(counts[name] for name in names) for part, names in FUSED_OPERATORS.items()}
    forms = matmul_forms(graph)
    by_form = {f"{form.replace('-', '_')}_matmuls": forms[form] for form in QUANTIZED}
    return fused | {"quantized_matmuls": sum(by_form.values())} | by_form


def _bundle_at(path: Path) -> Bundle | None:
    """The bundle at `path`, or None where `path` is a lone ONNX file."""
    if (path / MANIFEST).is_file():
        return open_bundle(path)
    if path.is_file() and path.suffix == ".onnx":
        return None
    what = "is neither a bundle nor an .onnx file" if path.exists() else "does not exist"
    raise InputError(f"{path} {what}: inspect takes a bundle's folder or an .onnx file")


def _recount(bundle: Bundle, graph: OnnxGraph) -> dict[str, Count]:
    """What the manifest says the architecture implies, against what the graph holds now."""
    found = count_coverage(graph)
    return {
        part: Count(expected=count.expected, found=found.get(part, 0))
        for part, count in bundle.manifest.coverage.items()
    }


def _placement(model: Path, bundle: Bundle | None, provider: str) -> Placement:
    from edgebert.runtimes.sessions.session import graph_placement

    widen = bundle.widens_weights if bundle else sums_can_overflow(model)
    return graph_placement(model, provider=provider, widen=widen)


def _kernels(model: Path, bundle: Bundle | None) -> KernelLayers | None:
    """What kernels would run, whether they are installed or not."""
    found = layers_for_kernels(model)
    if not found.layers:
        return None
    measured = bundle.manifest.kernels if bundle else None
    arithmetic = measured.arithmetic if measured else None
    layers, left = (tuple(dict.fromkeys(names)) for names in (found.layers, found.left))
    return KernelLayers(layers, left, found.exact, arithmetic)


def _quantized(matmuls: tuple[MatMul, ...]) -> Quantized:
    layers = tuple(matmul.name for matmul in matmuls if matmul.int8)
    return Quantized(
        matmuls=len(matmuls),
        int8=len(layers),
        layers=layers,
        float_layers=tuple(matmul.name for matmul in matmuls if not matmul.int8),
        forms=dict(Counter(matmul.form for matmul in matmuls)),
    )


def _risks(graph: OnnxGraph, saturating: int) -> tuple[str, ...]:
    counts = Counter(node.op_type for node in graph.nodes)
    batch_wide = counts["DynamicQuantizeLinear"] + counts["DynamicQuantizeMatMul"]
    unfused = counts["Softmax"]
    risks = {
        f"{saturating} MatMuls multiply u8 by s8, which saturates on x86 CPUs without VNNI "
        "unless session.x64quantprecision=1 is set": saturating,
        f"activation scales are taken over the whole batch ({batch_wide} times): "
        "a text's answer depends on its neighbours": batch_wide,
        f"attention is not fused: {unfused} Softmax found": unfused,
    }
    return tuple(sentence for sentence, count in risks.items() if count)
