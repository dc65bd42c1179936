"""A bundle as a step of a Ray Data pipeline. Ray is not imported: it calls the class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgebert.adapters.retrieval_embedder import RetrievalEmbedder, document_vectors
from edgebert.errors import InputError
from edgebert.runtimes import load


class RayEmbedder:
    """For `Dataset.map_batches`, which makes one in each of its workers: a column of vectors.

    Each has one thread, for Ray gives a task one core, whatever else runs on its machine. Leave
    cores to the steps before and after: with as many workers as cores, nothing reads the input, and
    the pipeline waits for ever without a word.
    """

    def __init__(
        self,
        bundle: str | Path,
        *,
        text_column: str = "text",
        vector_column: str = "embedding",
        fingerprint: str | None = None,
    ) -> None:
        """Load a bundle.

        Args:
            bundle: its folder, under a path that is the same on every node.
            text_column: column of the texts.
            vector_column: column that is added.
            fingerprint: of the vectors that are wanted: `RetrievalEmbedder(bundle).fingerprint`
                where the pipeline is made. A node with another bundle, or without the same
                kernels, is refused.

        Raises:
            BundleError, ProviderError: as `edgebert.load` does; a file of the bundle was changed.
            InputError: its vectors are others than those that are wanted.
        """
        self._columns = text_column, vector_column
        model = load(bundle, threads=1, verify=True)
        self._embedder = RetrievalEmbedder(model, fingerprint=fingerprint)
        self.fingerprint = self._embedder.fingerprint

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of a batch, and vectors, float32 [n, dim], with the prompt for documents.

        Raises:
            InputError: there is no such column, or a cell of it is no text.
        """
        texts, vectors = self._columns
        if texts not in batch:
            found = ", ".join(batch)
            raise InputError(f"text_column names {texts!r}; columns of the batch: {found}")
        return {**batch, vectors: document_vectors(self._embedder.model, list(batch[texts]))}
