"""A bundle's graph in kernel operators gives the answers that onnxruntime gives of the bundle's."""

from __future__ import annotations

from pathlib import Path

import pytest
from families import as_embedder, make_family
from kernel_answers import operators, require_alike
from tiny_models import MadeOnce

from edgebert.export import export_model
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.runtimes.kernels.rewriting import rewrite_for_kernels

_ENCODER = {"Embedding": 1, "SelfAttention": 2}


def _quantized(made_once: MadeOnce, bundle: Path, scheme: str) -> Path:
    options = QuantizeOptions(scheme=scheme)
    name = f"kernels-{bundle.name}-{scheme}"
    return made_once(name, lambda folder: quantize_bundle(bundle, folder, options=options))


@pytest.fixture(scope="module", params=["token", "static"])
def int8(
    request: pytest.FixtureRequest, made_once: MadeOnce, tiny_bundle: Path, tiny_int8: Path
) -> Path:
    """The embedder with a scale for each token, and with static ones."""
    if request.param == "token":
        return tiny_int8
    return _quantized(made_once, tiny_bundle, request.param)


def test_an_embedder_in_int8_is_kernels_from_ids_to_vectors(int8: Path) -> None:
    rewritten = require_alike(int8 / "model.onnx")
    assert operators(rewritten) == {**_ENCODER, "Linear": 8, "Pooling": 1}
    assert (rewritten.left, rewritten.exact) == ((), True)
    assert len(set(rewritten.layers)) == operators(rewritten).total()


def test_an_embedder_in_floats_is_kernels_too(tiny_bundle: Path) -> None:
    rewritten = require_alike(tiny_bundle / "model.onnx")
    assert operators(rewritten) == {**_ENCODER, "FloatLinear": 8, "Pooling": 1}
    assert (rewritten.left, rewritten.exact) == ((), True)


@pytest.mark.parametrize("task", ["classifier", "filler", "reader", "reranker", "tagger", "splade"])
def test_heads_of_every_task_are_kernels_too(
    task: str, request: pytest.FixtureRequest, made_once: MadeOnce
) -> None:
    bundle: Path = request.getfixturevalue(f"tiny_{task}_bundle")
    counts = [
        operators(require_alike(folder / "model.onnx", least=0.999))
        for folder in (bundle, _quantized(made_once, bundle, "token"))
    ]
    products = 10 if task in ("classifier", "filler", "reranker", "splade") else 9
    assert counts == [{**_ENCODER, name: products} for name in ("FloatLinear", "Linear")]


@pytest.mark.parametrize("task", ["classifier", "filler", "splade"])
def test_only_a_logarithm_is_rounded_by_onnxruntime(
    task: str, request: pytest.FixtureRequest
) -> None:
    bundle: Path = request.getfixturevalue(f"tiny_{task}_bundle")
    rewritten = rewrite_for_kernels(bundle / "model.onnx")
    assert rewritten.exact == (task != "splade")
    assert rewritten.left == ()


@pytest.mark.parametrize("pooling", ["cls", "max", "weightedmean"])
def test_other_poolings_are_normalized_by_kernels(pooling: str, tmp_path: Path) -> None:
    make_family(tmp_path / "checkpoint", "bert", num_hidden_layers=1)
    as_embedder(tmp_path / "checkpoint", {"pooling_mode": pooling})
    export_model(tmp_path / "checkpoint", tmp_path / "bundle")
    rewritten = require_alike(tmp_path / "bundle/model.onnx", least=0.999999)
    assert operators(rewritten)["Pooling"] == 1
    assert rewritten.exact == (pooling != "weightedmean")  # whose sum is a product of matrices
