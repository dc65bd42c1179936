"""Every family leaves the exporter fused and equal to PyTorch, and every part of it matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import transformers
from families import FAMILIES, make_embedder
from int8_models import (
    TOKEN,
    Make,
    largest_difference_alone,
    maker,
    mean_cosine,
    require_int8_throughout,
)
from kernel_answers import operators, require_alike
from mutations import Mutation, attentions, mutations_of
from onnx import numpy_helper
from safetensors.numpy import load_file

from edgebert.checkpoint import open_checkpoint
from edgebert.drift.weights import compare_weights
from edgebert.errors import GateError
from edgebert.export import ExportOptions, export_model
from edgebert.export.operators.coverage import coverage_of, lost_coverage
from edgebert.export.operators.expected_operators import FUSED_FAMILIES
from edgebert.export.parity import matrix
from edgebert.export.parity.batches import Batch
from edgebert.export.targets import shape_for_target
from edgebert.export.tracing import trace
from edgebert.onnx_graph.weights import read_weights
from edgebert.records.manifest import Count, Manifest
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import load

TOLERANCE = 1e-4
OPENED = ("deberta", "nomic_bert", "rembert", "roformer", "squeezebert")
"""Those whose forward is ours, in int8 here; the others are in the tests of `quantize`."""


_ROUNDED_BY_ONNXRUNTIME = (
    "deberta", "deberta-v2", "modernbert", "nomic_bert", "roformer", "squeezebert",
)  # fmt: skip
"""Where something but kernels rounds: products of positions, cosines, activations of groups."""

_MUTATED = [(family, mutation) for family in FAMILIES for mutation in mutations_of(family)]


def _mutation_name(value: str | Mutation) -> str:
    return value if isinstance(value, str) else value.__name__.strip("_")


@dataclass(frozen=True)
class Exported:
    """A family's bundle, and what PyTorch answers to the parity matrix."""

    bundle: Path
    manifest: Manifest
    graph: onnx.ModelProto
    expected: tuple[tuple[Batch, np.ndarray], ...]

    @property
    def operators(self) -> Counter[str]:
        return Counter(node.op_type for node in self.graph.graph.node)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """Each family, exported once."""

    @cache
    def export(family: str) -> Exported:
        folder = tmp_path_factory.mktemp(family)
        checkpoint = make_embedder(folder / "checkpoint", family)
        export_model(checkpoint, folder / "bundle")  # raises where parity or coverage fails
        reference, model = CheckpointModel(open_checkpoint(checkpoint)), load(folder / "bundle")
        expected = tuple(
            (batch, reference.run(batch.inputs)["last_hidden_state"])
            for batch in matrix(reference, model)
        )
        return Exported(
            folder / "bundle", model.manifest, onnx.load(folder / "bundle/model.onnx"), expected
        )

    return export


@pytest.fixture(scope="module")
def make(exported: Callable[[str], Exported], tmp_path_factory: pytest.TempPathFactory) -> Make:
    return maker(lambda family: exported(family).bundle, tmp_path_factory)


def test_the_families_of_the_tests_are_those_that_are_promised() -> None:
    assert set(FAMILIES) == FUSED_FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_of_a_family_is_fused(family: str, exported: Callable[[str], Exported]) -> None:
    export = exported(family)
    assert len(attentions(export.graph)) == 2
    assert export.operators["Softmax"] == 0
    gelus = 0 if family == "nomic_bert" else 2  # which has SiLU
    for part, count in (("attention", 2), ("gelu", gelus), ("layer_norm", 5)):
        found = export.manifest.coverage[part]
        assert (found.expected, found.found) == (count, count), part


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_equals_pytorch(family: str, exported: Callable[[str], Exported]) -> None:
    export = exported(family)
    assert _difference(export, export.graph) < TOLERANCE


@pytest.mark.parametrize("family", ["modernbert", "nomic_bert", "roformer"])
def test_rotary_positions_are_one_operator_for_queries_and_one_for_keys(
    family: str, exported: Callable[[str], Exported]
) -> None:
    operators = exported(family).operators
    assert operators["RotaryEmbedding"] == 2 * operators["MultiHeadAttention"] == 4
    assert operators["Neg"] == 0


def test_a_squeezebert_has_neither_convolutions_nor_transposes(
    exported: Callable[[str], Exported],
) -> None:
    operators = exported("squeezebert").operators
    assert operators["Conv"] == 0
    assert operators["Transpose"] == 1  # of the mean


@pytest.mark.parametrize("family", OPENED)
def test_a_family_is_in_int8_throughout_and_stays_near_its_floats(family: str, make: Make) -> None:
    made = make(family, TOKEN)
    require_int8_throughout(made)
    assert mean_cosine(made) > 0.99
    assert largest_difference_alone(made) == 0


@pytest.mark.parametrize("family", OPENED)
def test_every_matrix_of_a_family_can_be_compared_with_the_checkpoint(
    family: str, exported: Callable[[str], Exported], make: Make
) -> None:
    floats = exported(family).bundle
    checkpoint = CheckpointModel(open_checkpoint(floats.parent / "checkpoint")).weights()
    matrices = {n for n, weight in checkpoint.items() if "layer" in n and weight.values.ndim > 1}
    for bundle in (floats, make(family, TOKEN).bundle):
        comparison = compare_weights(checkpoint, read_weights(bundle / "model.onnx"))
        assert comparison.related
        assert comparison.changed == ()
        compared = {change.name for change in comparison.changes}
        assert {_first_group(n, matrices) for n in matrices if "pos_" not in n} <= compared


def test_an_albert_keeps_one_copy_of_what_its_layers_share(
    exported: Callable[[str], Exported],
) -> None:
    export = exported("albert")
    (weights,) = (export.bundle.parent / "checkpoint").glob("*.safetensors")
    parameters = sum(
        tensor.size for name, tensor in load_file(weights).items() if "pooler" not in name
    )
    constants = [numpy_helper.to_array(tensor) for tensor in export.graph.graph.initializer]
    in_file = sum(array.size for array in constants if array.dtype == np.float32)
    assert parameters <= in_file < parameters + 10


def test_layers_that_share_weights_of_any_size_are_fused(tmp_path: Path) -> None:
    """From 512 x 512 on, torch's exporter leaves a weight untransposed that layers share."""
    sizes: dict[str, Any] = {"hidden_size": 640, "intermediate_size": 640}
    folder = tmp_path / "checkpoint"
    checkpoint = make_embedder(folder, "albert", num_hidden_layers=3, **sizes)
    traced = trace(open_checkpoint(checkpoint), tmp_path / "model.onnx", ExportOptions())
    model = onnx.load(tmp_path / "model.onnx")
    shape_for_target(model, ExportOptions(precision="fp32"))
    assert lost_coverage(model, traced) == []
    assert coverage_of(model, traced)["qkv"] == Count(3, 3)
    large = [tensor.name for tensor in model.graph.initializer if np.prod(tensor.dims) >= 640 * 640]
    layer = "encoder.albert_layer_groups.0.albert_layers.0"
    parts = ("attention.{query,key,value}", "attention.dense", "ffn", "ffn_output")
    assert sorted(large) == sorted(f"{layer}.{part}.weight" for part in parts)


def test_a_manifest_says_what_cannot_be_fused(exported: Callable[[str], Exported]) -> None:
    assert exported("bert").manifest.unfused == {}
    for family in ("deberta", "deberta-v2"):
        (reason,) = exported(family).manifest.unfused.values()
        assert "disentangled" in reason


@pytest.mark.parametrize(
    ("family", "layer"),
    [
        ("bert", "encoder.layer.1.attention.self"),
        ("albert", "encoder.albert_layer_groups.0.albert_layers.0.attention"),  # it runs twice
    ],
)
def test_a_lost_fusion_is_named(family: str, layer: str, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(make_embedder(tmp_path / "checkpoint", family))
    traced = trace(checkpoint, tmp_path / "model.onnx", ExportOptions())
    model = onnx.load(tmp_path / "model.onnx")
    attentions = [node for node in model.graph.node if node.op_type == "MultiHeadAttention"]
    attentions[1].op_type = "UnfusedAttention"
    assert coverage_of(model, traced)["attention"].found == 1
    sentence, *_ = lost_coverage(model, traced)
    assert sentence == f"attention is fused in 1 of 2 places; {layer} is not"


def test_a_promised_family_that_computes_attention_itself_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if a release of transformers took BERT's attention out of the registry."""
    bert = transformers.models.bert.modeling_bert
    registry = type("Closed", (), {"get_interface": lambda *_: bert.eager_attention_forward})
    monkeypatch.setattr(bert, "ALL_ATTENTION_FUNCTIONS", registry())
    with pytest.raises(
        GateError, match=r"0 of 1 places; encoder\.layer\.0\.attention\.self is not"
    ):
        checkpoint = make_embedder(tmp_path / "checkpoint", "bert", num_hidden_layers=1)
        export_model(checkpoint, tmp_path / "bundle")


@pytest.mark.parametrize(("family", "mutation"), _MUTATED, ids=_mutation_name)
def test_a_mistake_in_the_graph_shows_by_far(
    family: str, mutation: Mutation, exported: Callable[[str], Exported]
) -> None:
    export = exported(family)
    damaged = onnx.ModelProto()
    damaged.CopyFrom(export.graph)
    mutation(damaged)
    assert _difference(export, damaged) > 100 * TOLERANCE


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_answers_alike_in_kernels(
    family: str, exported: Callable[[str], Exported]
) -> None:
    rewritten = require_alike(exported(family).bundle / "model.onnx", least=0.999999)
    counts = operators(rewritten)
    assert (counts["Embedding"], counts["SelfAttention"], counts["Pooling"]) == (1, 2, 1)
    products_of_positions = 4 if family in ("deberta", "deberta-v2") else 0
    assert len(rewritten.left) == products_of_positions
    assert rewritten.exact == (family not in _ROUNDED_BY_ONNXRUNTIME)


@pytest.mark.parametrize(("family", "mutation"), _MUTATED, ids=_mutation_name)
def test_a_changed_graph_answers_alike_in_kernels(
    family: str, mutation: Mutation, exported: Callable[[str], Exported], tmp_path: Path
) -> None:
    changed = onnx.ModelProto()
    changed.CopyFrom(exported(family).graph)
    mutation(changed)
    onnx.save(changed, tmp_path / "model.onnx")
    require_alike(tmp_path / "model.onnx", least=0.999999)


def _difference(export: Exported, model: onnx.ModelProto) -> float:
    """The largest difference to PyTorch at the tokens that are real."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    largest = 0.0
    for batch, expected in export.expected:
        (found,) = session.run(["last_hidden_state"], batch.inputs)
        largest = max(largest, float(np.abs(found - expected)[batch.mask].max()))
    return largest


def _first_group(name: str, matrices: set[str]) -> str:
    """Of a matrix in groups, which a graph holds one by one; of any other, the matrix itself."""
    first = f"{name.removesuffix('weight')}groups.0.weight"
    return first if first in matrices else name
