"""The step of a Ray Data pipeline, called as Ray calls it; `make test-bulk` runs it in Ray."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import edgebert
from edgebert.adapters import RayEmbedder, RetrievalEmbedder
from edgebert.errors import BundleError, InputError

TEXTS = ["turn the lamp on", "", "anna is in paris"]


def test_a_batch_gets_a_column_of_vectors(tiny_bundle: Path) -> None:
    batch = {"id": np.arange(3), "text": np.array(TEXTS, object)}
    answered = RayEmbedder(tiny_bundle)(batch)
    assert [*answered] == ["id", "text", "embedding"]
    assert answered["id"] is batch["id"]
    assert np.array_equal(answered["embedding"], edgebert.load(tiny_bundle).embed(TEXTS))
    assert answered["embedding"].dtype == np.float32


def test_columns_have_the_names_that_they_are_given(tiny_bundle: Path) -> None:
    embedder = RayEmbedder(tiny_bundle, text_column="said", vector_column="v")
    assert [*embedder({"said": np.array(TEXTS, object)})] == ["said", "v"]
    with pytest.raises(InputError, match="text_column names 'said'; columns of the batch: text"):
        embedder({"text": np.array(TEXTS, object)})
    with pytest.raises(InputError):
        embedder({"said": np.array(["a", None], object)})


def test_it_has_one_thread(tiny_bundle: Path) -> None:
    profile = RayEmbedder(tiny_bundle)._embedder.model.pipeline.engine.profile
    assert (profile.callers, profile.caller_threads, profile.threads) == (1, 1, 1)


def test_other_vectors_than_those_that_are_wanted_are_refused(
    tiny_bundle: Path, tiny_int8: Path
) -> None:
    wanted = RetrievalEmbedder(tiny_bundle).fingerprint
    assert RayEmbedder(tiny_bundle, fingerprint=wanted).fingerprint == wanted
    with pytest.raises(InputError, match="the index was filled by fp32-"):
        RayEmbedder(tiny_int8, fingerprint=wanted)


def test_a_bundle_that_was_changed_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bundle, copy)
    graph = bytearray((copy / "model.onnx").read_bytes())
    graph[-20] ^= 1
    (copy / "model.onnx").write_bytes(graph)
    with pytest.raises(BundleError, match=r"model\.onnx was changed"):
        RayEmbedder(copy)


def test_the_class_travels_to_other_processes() -> None:
    assert pickle.loads(pickle.dumps(RayEmbedder)) is RayEmbedder
