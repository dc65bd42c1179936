"""What a bundle or an ONNX file holds, told from its graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from edgebert.bundle import MANIFEST, Bundle, open_bundle
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
from edgebert.onnx_graph.sizes import folder_sizes, model_size, summed, weight_sizes
from edgebert.records.inspected import (
    GraphContents,
    InspectRecord,
    KernelLayers,
    LayerSaturation,
    Placement,
    Quantized,
)
from edgebert.records.manifest import ENCODER, Count
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


@dataclass(frozen=True)
class _Graph:
    """A graph as it lies on disk, and its products with constants.

    Attributes:
        role: of a bundle's; a lone file counts as that of an encoder.
    """

    role: str
    path: Path
    graph: OnnxGraph
    matmuls: tuple[MatMul, ...]

    @property
    def contents(self) -> GraphContents:
        return GraphContents(
            operators=count_operators(self.graph),
            quantized=_quantized(self.matmuls),
            sizes=weight_sizes(self.graph) | {"model": model_size(self.path, self.graph)},
        )


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
    found = _graphs_of(path, bundle)
    matmuls = tuple(chain.from_iterable(one.matmuls for one in found))
    saturation = _saturating(found, bundle)
    return InspectRecord(
        path=str(path),
        operators=_most_first(summed(count_operators(one.graph) for one in found)),
        coverage=_recount(bundle, found) if bundle else {},
        quantized=_quantized(matmuls),
        sizes=_sizes(path, found, bundle),
        risks=_risks(found, len(saturation)),
        target=bundle.manifest.target if bundle else None,
        fixed_shape=bundle.manifest.fixed_shape if bundle else None,
        unfused=bundle.manifest.unfused if bundle else {},
        saturation=saturation,
        placement=_placement(found, bundle, provider) if provider else None,
        kernels=_kernels(found, bundle),
        web=bundle.manifest.web if bundle else None,
        graphs={one.role: one.contents for one in found} if len(found) > 1 else {},
    )


def count_operators(graph: OnnxGraph) -> dict[str, int]:
    """How many nodes of each operator, most first; other domains than ONNX's are named."""
    return _most_first(
        Counter(f"{n.domain}.{n.op_type}" if n.domain else n.op_type for n in graph.nodes)
    )


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


def _graphs_of(path: Path, bundle: Bundle | None) -> list[_Graph]:
    models = bundle.graphs if bundle else {ENCODER: path}
    return [_read(role, model) for role, model in models.items()]


def _read(role: str, model: Path) -> _Graph:
    external_files(model)
    graph = read_graph(model)
    return _Graph(role, model, graph, constant_matmuls(graph))


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _sizes(path: Path, found: Sequence[_Graph], bundle: Bundle | None) -> dict[str, int]:
    if bundle is None:
        (one,) = found
        return one.contents.sizes
    models = {one.role: one.path for one in found}
    return folder_sizes(path, models, [one.graph for one in found], bundle.tokenizer_paths)


def _saturating(found: Sequence[_Graph], bundle: Bundle | None) -> tuple[LayerSaturation, ...]:
    manifest = bundle.manifest if bundle else None
    layers = [saturating_layers(one.path, one.matmuls, manifest) for one in found]
    return tuple(sorted(chain(*layers), key=lambda layer: -layer.overflowing_pairs))


def _recount(bundle: Bundle, found: Sequence[_Graph]) -> dict[str, Count]:
    """What the manifest says the architecture implies, against what the graphs hold now."""
    counted = summed(count_coverage(one.graph) for one in found)
    return {
        part: Count(expected=count.expected, found=counted.get(part, 0))
        for part, count in bundle.manifest.coverage.items()
    }


def _placement(found: Sequence[_Graph], bundle: Bundle | None, provider: str) -> Placement:
    from edgebert.runtimes.sessions.session import graph_placement

    placed = []
    for one in found:
        widen = bundle.widens_weights if bundle else sums_can_overflow(one.path)
        placed.append(graph_placement(one.path, provider=provider, widen=widen))
    names = sorted({name for one in placed for name in one.nodes})
    return Placement(
        provider=placed[0].provider,
        nodes={n: _most_first(summed(one.nodes.get(n, {}) for one in placed)) for n in names},
        fell_back=_most_first(summed(one.fell_back for one in placed)),
    )


def _kernels(found: Sequence[_Graph], bundle: Bundle | None) -> KernelLayers | None:
    """What kernels would run, whether they are installed or not."""
    each = [layers_for_kernels(one.path) for one in found]
    if not any(one.layers for one in each):
        return None
    measured = bundle.manifest.kernels if bundle else None
    arithmetic = measured.arithmetic if measured else None
    layers, left = (
        tuple(dict.fromkeys(chain(*names)))
        for names in zip(*((one.layers, one.left) for one in each), strict=True)
    )
    return KernelLayers(layers, left, all(one.exact for one in each), arithmetic)


def _quantized(matmuls: Sequence[MatMul]) -> Quantized:
    layers = tuple(matmul.name for matmul in matmuls if matmul.int8)
    return Quantized(
        matmuls=len(matmuls),
        int8=len(layers),
        layers=layers,
        float_layers=tuple(matmul.name for matmul in matmuls if not matmul.int8),
        forms=dict(Counter(matmul.form for matmul in matmuls)),
    )


def _risks(found: Sequence[_Graph], saturating: int) -> tuple[str, ...]:
    counts = Counter(node.op_type for one in found for node in one.graph.nodes)
    batch_wide = counts["DynamicQuantizeLinear"] + counts["DynamicQuantizeMatMul"]
    # A decoder's attention to what it wrote before is no operator that runs everywhere.
    encoders = [one.graph.nodes for one in found if one.role == ENCODER]
    unfused = sum(node.op_type == "Softmax" for node in chain(*encoders))
    risks = {
        f"{saturating} MatMuls multiply u8 by s8, which saturates on x86 CPUs without VNNI "
        "unless session.x64quantprecision=1 is set": saturating,
        f"activation scales are taken over the whole batch ({batch_wide} times): "
        "a text's answer depends on its neighbours": batch_wide,
        f"attention is not fused: {unfused} Softmax found": unfused,
    }
    return tuple(sentence for sentence, count in risks.items() if count)
