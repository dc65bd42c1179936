"""A bundle's graph in kernel operators gives the answers that onnxruntime gives of the bundle's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import kernel_operators
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from tiny_models import MadeOnce

from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.runtimes.kernels.rewriting import Rewritten, rewrite_for_kernels

Feeds = dict[str, npt.NDArray[Any]]


def some_texts(graph: Path, *, texts: int = 4, tokens: int = 12, vocabulary: int = 60) -> Feeds:
    """Ids for every input that a graph has: texts of several lengths, of which one fills its row."""
    dice = np.random.default_rng(5)
    mask = (np.arange(tokens) < np.linspace(tokens, 3, texts).astype(int)[:, None]).astype(np.int64)
    given = {
        "input_ids": dice.integers(5, vocabulary, (texts, tokens)) * mask,
        "attention_mask": mask,
        "token_type_ids": (np.arange(tokens) > tokens // 2) * mask,
    }
    wanted = onnxruntime.InferenceSession(graph).get_inputs()
    dtypes = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
    return {value.name: given[value.name].astype(dtypes[value.type]) for value in wanted}


def answers(graph: Path, feeds: Feeds) -> dict[str, npt.NDArray[Any]]:
    session = onnxruntime.InferenceSession(graph)
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def operators(rewritten: Rewritten) -> Counter[str]:
    nodes = onnx.ModelProto.FromString(rewritten.graph).graph.node
    return Counter(node.op_type for node in nodes if node.domain == "edgebert.kernels")


def cosines(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any]:
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    return np.asarray((one * other).sum(axis=-1) / lengths)


def assert_answers_alike(graph: Path, rewritten: Rewritten, *, least: float = 0.999) -> None:
    """A value that is rounded to the next code in one of two tips whole tokens: cosines are held."""
    feeds = some_texts(graph)
    expected, found = answers(graph, feeds), kernel_operators.run(rewritten.graph, feeds)
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        assert found[name].shape == values.shape
        assert found[name].dtype == values.dtype
        if values.ndim == 3 and "attention_mask" in feeds:  # what padding gives is nobody's
            values, theirs = (x[feeds["attention_mask"] > 0] for x in (values, found[name]))
        else:
            theirs = found[name]
        assert cosines(values, theirs).min() >= least, name


@pytest.fixture(scope="module", params=["token", "static"])
def int8(
    request: pytest.FixtureRequest, made_once: MadeOnce, tiny_bundle: Path, tiny_int8: Path
) -> Path:
    if request.param == "token":
        return tiny_int8
    options = QuantizeOptions(scheme=request.param)
    name = f"kernels-{request.param}"
    return made_once(name, lambda folder: quantize_bundle(tiny_bundle, folder, options=options))


def test_an_embedder_in_int8_is_kernels_from_ids_to_vectors(int8: Path) -> None:
    rewritten = rewrite_for_kernels(int8 / "model.onnx")
    counts = operators(rewritten)
    assert counts == {"Embedding": 1, "Linear": 8, "SelfAttention": 2, "Pooling": 1}
    assert (rewritten.left, rewritten.exact) == ((), True)
    assert len(rewritten.layers) == counts.total()
    assert_answers_alike(int8 / "model.onnx", rewritten)
