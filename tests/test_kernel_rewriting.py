"""A bundle's graph in kernel operators gives the answers that onnxruntime gives of the bundle's."""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel_answers import operators, require_alike
from tiny_models import MadeOnce

from edgebert.quantize import QuantizeOptions, quantize_bundle

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
