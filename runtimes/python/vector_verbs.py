"""What embedding models are asked: vectors, how alike two are, and the nearest of many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, overload

from edgebert.runtimes import vector_calls
from edgebert.runtimes.asked import Asked
from edgebert.tasks.sparse import SparseVector
from edgebert.text.long_texts import TRUNCATE
from edgebert.vectors.forms import FLOAT32, Vectors
from edgebert.vectors.ranking import Hit


class AskedForVectors(Asked):
    """The verbs of embedding models."""

    @overload
    def embed(
        self,
        texts: str | Collection[str],
        *,
        prompt: str | None = ...,
        truncate_dim: int | None = ...,
        max_length: int | None = ...,
        dtype: str = ...,
        long_text: str = ...,
        progress: bool = ...,
    ) -> Vectors: ...
    @overload
    def embed(
        self,
        texts: Iterable[str],
        *,
        prompt: str | None = ...,
        truncate_dim: int | None = ...,
        max_length: int | None = ...,
        dtype: str = ...,
        long_text: str = ...,
        progress: bool = ...,
    ) -> Iterator[Vectors]: ...
    def embed(
        self,
        texts: Any,
        *,
        prompt: str | None = None,
        truncate_dim: int | None = None,
        max_length: int | None = None,
        dtype: str = FLOAT32,
        long_text: str = TRUNCATE,
        progress: bool = False,
    ) -> Any:
        """Turn texts into vectors.

        Args:
            texts: one text, a list of texts, or any other iterable of texts: a stream, which is
                read ahead by up to 2,048 texts, so it must not wait for answers to those before.
            prompt: name of a prompt in the manifest that is put before every text; by default
                the model's own, where it has one, and with "" none.
            truncate_dim: how many of the first numbers of a vector are kept, for models trained
                so that these hold the most (Matryoshka); of length 1 again where the model's are.
            max_length: tokens that are read of a text; at most the bundle's.
            dtype: "float32", "float16", "int8" or "binary". int8 and bits keep directions, not
                lengths: not for models that compare by what needs these. A cosine of two int8
                vectors is off by 0.0003 on average and 0.0016 at most (all-MiniLM-L6-v2, STS-B
                test). binary packs the sign of 8 numbers into a byte.
            long_text: "truncate" reads the beginning of a text that is longer (of some models the
                end: their tokenizer says so); "mean" reads all of it (with its prompt) in windows,
                and gives the mean of their vectors, each counted by its tokens; of length 1 where
                the model's are.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            [dim] for one text, [n, dim] for a list, and for any other iterable an iterator of
            [dim], in order; float32, float16, int8, or for binary uint8 [dim / 8].

        Raises:
            InputError: the bundle is not an embedding model, an item is not a text, or an option
                is out of its range.
        """
        call = vector_calls.embed(
            self,
            texts,
            prompt=prompt,
            truncate_dim=truncate_dim,
            max_length=max_length,
            dtype=dtype,
            long_text=long_text,
        )
        return self.pipeline.answer(call, progress=progress)

    @overload
    def embed_sparse(
        self, texts: str, *, prompt: str | None = ..., long_text: str = ..., progress: bool = ...
    ) -> SparseVector: ...
    @overload
    def embed_sparse(
        self,
        texts: Collection[str],
        *,
        prompt: str | None = ...,
        long_text: str = ...,
        progress: bool = ...,
    ) -> list[SparseVector]: ...
    @overload
    def embed_sparse(
        self,
        texts: Iterable[str],
        *,
        prompt: str | None = ...,
        long_text: str = ...,
        progress: bool = ...,
    ) -> Iterator[SparseVector]: ...
    def embed_sparse(
        self,
        texts: Any,
        *,
        prompt: str | None = None,
        long_text: str = TRUNCATE,
        progress: bool = False,
    ) -> Any:
        """Turn texts into weights of the pieces of the vocabulary, most of them 0 (SPLADE).

        Args:
            texts: one text, a list, or any other iterable.
            prompt, long_text: as in `embed`.
            progress: show a progress bar on a terminal (for a list).

        Returns:
            One `SparseVector` for one text, a list of them for a list, and for any other iterable
            an iterator.

        Raises:
            InputError: the bundle gives no sparse vectors, an item is not a text, or an option is
                out of its range.
        """
        call = vector_calls.embed_sparse(self, texts, prompt=prompt, long_text=long_text)
        return self.pipeline.answer(call, progress=progress)

    @overload
    def similarity(self, a: str, b: str) -> float: ...
    @overload
    def similarity(self, a: Any, b: Any) -> Any: ...
    def similarity(self, a: Any, b: Any) -> Any:
        """Compare texts or vectors by what the model is for: mostly their cosine.

        Where `manifest.similarity` says "dot" by their dot product, "euclidean" or "manhattan" by
        the negative of that distance, as sentence-transformers has it.

        Args:
            a, b: one text or vector [dim], or several: texts, an array [n, dim], arrays [dim].
                Vectors may be of any form that `embed` gives; bits are compared to bits.

        Returns:
            A float for one and one; float32 [n, m] for several and several; float32 [m] or [n]
            where one side is one. Of bits the cosine is 1 - 2 * (share of the bits that differ).

        Raises:
            InputError: the bundle is not an embedding model, an item is neither text nor vector,
                a number is not finite, the two sides are of different widths, or of a form that
                does not keep the lengths that the model compares by.
        """
        return self.pipeline.answer(vector_calls.similarity(self, a, b))

    @overload
    def search(
        self, queries: str, corpus: Any, k: int = ..., *, progress: bool = ...
    ) -> list[Hit]: ...
    @overload
    def search(  # one vector or several: the type of an array does not tell
        self, queries: Vectors, corpus: Any, k: int = ..., *, progress: bool = ...
    ) -> Any: ...
    @overload
    def search(
        self, queries: Collection[str], corpus: Any, k: int = ..., *, progress: bool = ...
    ) -> list[list[Hit]]: ...
    @overload
    def search(
        self, queries: Collection[Any], corpus: Any, k: int = ..., *, progress: bool = ...
    ) -> Any: ...
    @overload
    def search(
        self, queries: Iterable[Any], corpus: Any, k: int = ..., *, progress: bool = ...
    ) -> Iterator[list[Hit]]: ...
    def search(self, queries: Any, corpus: Any, k: int = 10, *, progress: bool = False) -> Any:
        """Find the texts of a corpus that are nearest to each query, by what the model is for.

        That is what `similarity` gives, also as the score of each `Hit`: mostly the cosine.

        Every text is compared, none is missed: right for up to some million vectors. Texts are
        embedded anew at each call, queries with the prompt "query", the corpus with "document",
        "passage" or "corpus", where the manifest has one, and without a prompt where it has none.

        Args:
            queries: one text or vector, a list, or any other iterable.
            corpus: texts, or their vectors: [n, dim] of any form that `embed` gives, in memory or
                mapped from a file. Where they are bits, queries are compared as bits. Or the
                `pathlib.Path` of a file of texts, or of one that `edgebert embed` wrote: vectors
                of another model, or of another prompt, are refused.
            k: how many to find; all where the corpus has fewer.
            progress: show a progress bar on a terminal while texts are embedded.

        Returns:
            A list of `Hit` for one query, nearest first, of equals the first in the corpus first;
            a list of such lists for a list, and for any other iterable an iterator.

        Raises:
            InputError: the bundle is not an embedding model, the corpus is empty, cannot be read
                or was made by another model, widths differ, k is below 1, or an item is neither
                text nor vector.
        """
        call = vector_calls.search(self, queries, corpus, k, progress=progress)
        return self.pipeline.answer(call, progress=progress)
