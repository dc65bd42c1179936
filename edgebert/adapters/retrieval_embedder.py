"""Documents and queries to lists of floats: the two methods that retrieval frameworks ask for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from edgebert.arrays import Array
from edgebert.bundle import open_bundle
from edgebert.errors import InputError
from edgebert.records.fingerprint import Fingerprint
from edgebert.runtimes import Model, load
from edgebert.runtimes.kernels import BF16, OFF
from edgebert.tasks.spec import spec_of
from edgebert.text.prompts import document_prompt, query_prompt
from edgebert.vectors.similarity_function import SimilarityFunction


class RetrievalEmbedder:
    """The two methods of a LangChain `Embeddings`, without LangChain.

    What asks for no more than these methods takes it as it is, such as LangChain's own vector
    stores. Threads may share it, as they may share the model.
    """

    def __init__(self, model: Model | str | Path, *, fingerprint: str | None = None) -> None:
        """Take a loaded model, or the path of a bundle, which is loaded at its first text.

        Args:
            model: the model, or the path.
            fingerprint: that an index which outlives the model was filled with; another model is
                refused when it is asked first.
        """
        self._given = model
        self._wanted = fingerprint

    @property
    def bundle(self) -> Path:
        return self._given.bundle.path if isinstance(self._given, Model) else Path(self._given)

    @cached_property
    def model(self) -> Model:
        """The loaded model.

        Raises:
            BundleError: the bundle is missing or damaged.
            InputError: it is another model than the one that filled the index.
        """
        model = self._loaded()
        made_by = _fingerprint(model)
        if self._wanted not in (None, made_by):
            wanted = _read(self._wanted)
            way_out = Fingerprint.read(made_by).way_to(wanted) if wanted else ""
            raise InputError(
                f"the index was filled by {self._wanted}, and {self.bundle} is {made_by}: "
                f"{way_out or 'load the bundle that filled it'}, or fill it anew"
            )
        return model

    @cached_property
    def fingerprint(self) -> str:
        """What vectors of documents are known by: keep it with the index that they fill."""
        return _fingerprint(self.model)

    @cached_property
    def measure(self) -> SimilarityFunction:
        """What the vectors are to be compared by, read without loading the model."""
        given = self._given
        bundle = given.bundle if isinstance(given, Model) else open_bundle(given)
        return spec_of(bundle.manifest).similarity_function

    @property
    def similarity_fn_name(self) -> str:
        """What an index of the vectors should compare by: cosine, dot, euclidean or manhattan."""
        return self.measure.name

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Vectors of texts that are searched, each with the model's prompt for documents."""
        vectors: list[list[float]] = document_vectors(self.model, texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a text that is searched for, with the model's prompt for queries."""
        vector: list[float] = query_vectors(self.model, [text])[0].tolist()
        return vector

    def _loaded(self) -> Model:
        """The model of a path as it filled the index: kernels that came later do not run it."""
        if isinstance(self._given, Model):
            return self._given
        wanted = _read(self._wanted)
        if wanted is None or (wanted.by_kernels and not wanted.bf16):
            return load(self._given)
        return load(self._given, kernels=BF16 if wanted.bf16 else OFF)


def _read(fingerprint: str | None) -> Fingerprint | None:
    """What a fingerprint says; None where it says nothing, as of another library's index."""
    try:
        return Fingerprint.read(fingerprint) if fingerprint else None
    except ValueError:
        return None


def _fingerprint(model: Model) -> str:
    return str(model.made_by(document_prompt(model.manifest)))


def document_vectors(model: Model, texts: Sequence[str]) -> Array:
    """Vectors of texts that are searched, float32 [n, dim]."""
    return _vectors(model, texts, document_prompt(model.manifest))


def query_vectors(model: Model, texts: Sequence[str]) -> Array:
    """Vectors of texts that are searched for, float32 [n, dim]."""
    return _vectors(model, texts, query_prompt(model.manifest))


def _vectors(model: Model, texts: Any, prompt: str) -> Array:
    if isinstance(texts, str):  # a list of its letters would be embedded without a word
        raise InputError("expected a list of texts, not one text")
    vectors: Array = model.embed(list(texts), prompt=prompt)
    return vectors
