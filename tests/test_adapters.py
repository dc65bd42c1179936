"""A bundle in retrieval frameworks: the two methods, without a framework.

`python -m benchmarks.ecosystem` runs the adapters in the real ones.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from edgebert import adapters
from edgebert.adapters import RetrievalEmbedder
from edgebert.errors import BundleError, InputError, MissingPackage
from edgebert.runtimes import load

TEXTS = ["turn on the lamp", "", "anna is in paris . ben is in berlin !"]
PROMPTS = {"query": "please tell ", "passage": "anna "}


@pytest.fixture
def prompted(tiny_bundle: Path, tmp_path: Path) -> Path:
    """The embedding bundle, with a prompt for documents and another for queries."""
    bundle = Path(shutil.copytree(tiny_bundle, tmp_path / "prompted"))
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"prompts": PROMPTS}))
    return bundle


def test_documents_and_a_query_come_as_lists_of_floats(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    embedder = RetrievalEmbedder(model)
    documents, query = embedder.embed_documents(TEXTS), embedder.embed_query(TEXTS[0])
    assert [type(documents), type(documents[0]), type(documents[0][0])] == [list, list, float]
    np.testing.assert_array_equal(np.array(documents, np.float32), model.embed(TEXTS))
    assert query == documents[0]
    assert embedder.embed_documents([]) == []


def test_documents_and_a_query_get_their_own_prompts(prompted: Path) -> None:
    model = load(prompted)
    embedder = RetrievalEmbedder(model)
    text = TEXTS[0]
    assert embedder.embed_query(text) == model.embed(f"please tell {text}").tolist()
    assert embedder.embed_documents([text]) == model.embed([f"anna {text}"]).tolist()


def test_a_bundle_is_loaded_at_its_first_text(tiny_bundle: Path, tmp_path: Path) -> None:
    embedder = RetrievalEmbedder(tiny_bundle)
    assert embedder.bundle == tiny_bundle
    assert embedder.embed_documents(TEXTS) == load(tiny_bundle).embed(TEXTS).tolist()
    missing = RetrievalEmbedder(str(tmp_path / "missing"))
    with pytest.raises(BundleError, match="missing"):
        missing.embed_query("a text")


def test_one_text_is_not_taken_for_a_list_of_its_letters(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match=r"^expected a list of texts, not one text$"):
        RetrievalEmbedder(tiny_bundle).embed_documents("turn on the lamp")


@pytest.mark.parametrize(
    ("name", "imported", "installed"),
    [
        ("ChromaEmbeddingFunction", "chromadb", "chromadb"),
        ("HaystackDocumentEmbedder", "haystack", "haystack-ai"),
        ("HaystackTextEmbedder", "haystack", "haystack-ai"),
        ("LangChainEmbeddings", "langchain_core", "langchain-core"),
        ("LlamaIndexEmbedding", "llama_index", "llama-index-core"),
    ],
)
def test_a_missing_framework_is_one_line(
    name: str, imported: str, installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, imported, None)  # whether it is installed here or not
    with pytest.raises(MissingPackage) as caught:
        getattr(adapters, name)
    expected = f"edgebert.adapters.{name} needs {installed}: pip install {installed}"
    assert str(caught.value) == expected


def test_every_adapter_is_listed() -> None:
    assert set(dir(adapters)) == {
        "ChromaEmbeddingFunction",
        "HaystackDocumentEmbedder",
        "HaystackTextEmbedder",
        "LangChainEmbeddings",
        "LlamaIndexEmbedding",
        "RayEmbedder",
        "RetrievalEmbedder",
    }
    assert not hasattr(adapters, "PineconeEmbedding")
