"""What a manifest and a record say of a quantized graph, and whether the graph is what was planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgebert.inspect import count_coverage
from edgebert.machine import installed_versions, release_numbers, this_machine
from edgebert.onnx_graph.oldest_onnxruntime import oldest_onnxruntime
from edgebert.onnx_graph.parts import DYNAMIC, FLOAT, STATIC, TOKEN, WEIGHT_ONLY, matmul_forms
from edgebert.onnx_graph.reading import OnnxGraph, read_graph
from edgebert.quantize.forms.bundle_recipes import BundleRecipes
from edgebert.quantize.forms.recipes import Plan
from edgebert.quantize.options import QuantizeOptions
from edgebert.records.manifest import (
    ANY_CPU,
    VNNI,
    Count,
    LayerDecision,
    Manifest,
    OnnxruntimeRange,
    Quantization,
)

_DECISIONS = {
    TOKEN: "int8 per channel, a scale for each token",
    STATIC: "int8 per channel, static activations",
    DYNAMIC: "int8 per channel, dynamic activations",
    FLOAT: "float",
}
_TABLE = "int8 rows"
_PER_TOKEN = "com.microsoft.MatMulIntegerToFloat with an a_scale for each row"


def describe_layers(
    recipes: BundleRecipes, plan: Plan, sensitivity: Mapping[tuple[str, str], float]
) -> tuple[LayerDecision, ...]:
    """What was done to each table and layer, with what it costs where that was measured."""
    tables = [LayerDecision(name, _TABLE) for name in recipes.tables]
    layers = [
        LayerDecision(
            name=layer.name,
            decision=_decision(plan[group.name], recipes),
            sensitivity=sensitivity.get((group.name, plan[group.name])),
            saturation=recipes.saturation(group, layer, plan[group.name]),
        )
        for group in recipes.groups
        for layer in group.layers
    ]
    return (*tables, *layers)


def describe_manifest(
    original: Manifest,
    folder: Path,
    options: QuantizeOptions,
    layers: tuple[LayerDecision, ...],
    forms: Mapping[str, int],
    fingerprint: str,
    *,
    widens: bool,
) -> Manifest:
    """The manifest of the int8 bundle, without its drift.

    Args:
        original: the float bundle's.
        folder: where the new graphs are.
        options: what was asked for.
        layers: what `describe_layers` says.
        forms: how many layers were planned in each form.
        fingerprint: of the calibration texts.
        widens: whether its sums of u8 x s8 can leave 16 bits.
    """
    graphs = [read_graph(folder / name) for name in original.graphs.values()]
    versions = installed_versions()
    tested = versions["onnxruntime"]
    # before 1.30, onnxruntime does not widen such weights, or aborts where it is asked to
    oldest = tested if widens else _oldest(graphs, tested)
    return replace(
        original,
        precision="int8",
        files={},
        opset=max(graph.opset_imports[""] for graph in graphs),
        onnxruntime=OnnxruntimeRange(oldest, tested),
        undocumented_operators=_undocumented(original, graphs),
        drift=None,
        kernels=None,
        coverage=_coverage(original, graphs, forms),
        quantization=Quantization(
            scheme=options.scheme,
            layers=layers,
            calibration=fingerprint if options.calibrates else None,
            batch_invariant=not forms.get(DYNAMIC),
            cpu_classes=(this_machine().cpu_class,),
            isa=VNNI if widens else ANY_CPU,
        ),
        created_with=versions,
    )


def planned_forms(recipes: BundleRecipes, plan: Plan) -> Counter[str]:
    """How many layers have each form."""
    return Counter(plan[group.name] for group in recipes.groups for _ in group.layers)


def lost_coverage(manifest: Manifest) -> tuple[str, ...]:
    """One sentence for each form of which the graph holds fewer layers than planned."""
    planned = manifest.coverage["quantized_matmuls"]
    if planned.expected == 0 and not _is_all_tables(manifest):
        return ("no layer is int8: all of them would have to stay floats",)
    return tuple(
        f"{count.found} of {count.expected} {part.replace('_', ' ')} are in the graph"
        for part, count in manifest.coverage.items()
        if part.endswith("_matmuls") and count.found < count.expected
    )


def _is_all_tables(manifest: Manifest) -> bool:
    """Whether the graph has no layers, as that of static embeddings."""
    decisions = manifest.quantization.layers if manifest.quantization else ()
    return all(layer.decision == _TABLE for layer in decisions)


def _decision(form: str, recipes: BundleRecipes) -> str:
    if form != WEIGHT_ONLY:
        return _DECISIONS[form]
    blocks = " in blocks of 32" if recipes.contrib else " per channel"
    return f"weight in {recipes.bits} bits{blocks}"


def _oldest(graphs: Sequence[OnnxGraph], tested: str) -> str:
    """The oldest onnxruntime that loads all graphs."""
    return max((oldest_onnxruntime(graph, tested=tested) for graph in graphs), key=release_numbers)


def _coverage(
    original: Manifest, graphs: Sequence[OnnxGraph], forms: Mapping[str, int]
) -> dict[str, Count]:
    """What was promised of fusion, less the merged projections that int8 takes apart, and int8."""
    found = sum((Counter(count_coverage(graph)) for graph in graphs), Counter[str]())
    kept = {
        part: Count(count.expected, found.get(part, 0))
        for part, count in original.coverage.items()
        if part != "qkv"
    }
    in_graph = sum((matmul_forms(graph) for graph in graphs), Counter[str]())
    planned = {form: count for form, count in forms.items() if form != FLOAT}
    by_form = {
        f"{form.replace('-', '_')}_matmuls": Count(count, in_graph[form])
        for form, count in planned.items()
    }
    total = Count(sum(planned.values()), found["quantized_matmuls"])
    return {**kept, "quantized_matmuls": total, **by_form}


def _undocumented(original: Manifest, graphs: Sequence[OnnxGraph]) -> tuple[str, ...]:
    per_token = (_PER_TOKEN,) if any(map(_has_contrib_token_products, graphs)) else ()
    return (*original.undocumented_operators, *per_token)


def _has_contrib_token_products(graph: OnnxGraph) -> bool:
    return any(node.op_type == "MatMulIntegerToFloat" for node in graph.nodes) and bool(
        matmul_forms(graph)[TOKEN]
    )
