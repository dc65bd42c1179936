"""What a model is asked without waiting for it: the same verbs, through a queue."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, overload

from edgebert.runtimes.asked import Asked
from edgebert.runtimes.queueing.lane import Lane
from edgebert.runtimes.queueing.text_queue import TextQueue
from edgebert.runtimes.queueing.told import Submitted
from edgebert.runtimes.queueing.verbs import job_of
from edgebert.tasks.answers import Classification, Entity
from edgebert.tasks.masks import Fill
from edgebert.tasks.questions import Answer
from edgebert.tasks.sparse import SparseVector
from edgebert.tasks.translations import Translated
from edgebert.text.encoding import Text
from edgebert.text.long_texts import TRUNCATE
from edgebert.vectors.forms import FLOAT32, Vectors
from edgebert.vectors.ranking import Hit


class AskedLater(Asked):
    """The verbs of all models for asyncio, of one text or a collection; each is its namesake's.

    Raises (each of them):
        OverloadedError: the queue holds as many tokens as it may.
        InputError: as its namesake, for a stream, and for more tokens than may ever wait.
        ClosedError: the model or its queue is closed, or was while the request waited.

    Attributes:
        queue: where what is submitted waits.
        lane: its part for this model.
    """

    queue: TextQueue
    lane: Lane

    def submit(self, verb: str, /, *args: Any, **options: Any) -> Submitted:
        """Ask without waiting for the answer.

        Args:
            verb: name of a method: "embed", "embed_sparse", "similarity", "search", "classify",
                "rerank", "tag", "fill_mask", "answer" or "translate".
            args, options: its own, `progress` aside; of texts one or a collection, no stream.

        Returns:
            A future of a `Told`, which any asyncio loop can await too. Errors of texts and options
            are the future's. Its `cancel` drops what has not begun; callbacks are called in
            whichever thread ended the request.

        Raises:
            OverloadedError: the queue holds as many tokens as it may.
            InputError: there is no such verb, or the request alone has more tokens than may wait.
            ClosedError: the model, or its queue, is closed.
        """
        return self.queue.put(self.lane, job_of(self, verb, args, options))

    async def aembed(
        self,
        texts: str | Collection[str],
        *,
        prompt: str | None = None,
        truncate_dim: int | None = None,
        max_length: int | None = None,
        dtype: str = FLOAT32,
        long_text: str = TRUNCATE,
    ) -> Vectors:
        """`embed`, awaited: [dim] for one text, [n, dim] for a collection."""
        told = await self.submit(
            "embed",
            texts,
            prompt=prompt,
            truncate_dim=truncate_dim,
            max_length=max_length,
            dtype=dtype,
            long_text=long_text,
        )
        vectors: Vectors = told.value
        return vectors

    @overload
    async def aembed_sparse(
        self, texts: str, *, prompt: str | None = ..., long_text: str = ...
    ) -> SparseVector: ...
    @overload
    async def aembed_sparse(
        self, texts: Collection[str], *, prompt: str | None = ..., long_text: str = ...
    ) -> list[SparseVector]: ...
    async def aembed_sparse(
        self, texts: Any, *, prompt: str | None = None, long_text: str = TRUNCATE
    ) -> Any:
        """`embed_sparse`, awaited."""
        told = await self.submit("embed_sparse", texts, prompt=prompt, long_text=long_text)
        return told.value

    @overload
    async def asimilarity(self, a: str, b: str) -> float: ...
    @overload
    async def asimilarity(self, a: Any, b: Any) -> Any: ...
    async def asimilarity(self, a: Any, b: Any) -> Any:
        """`similarity`, awaited."""
        return (await self.submit("similarity", a, b)).value

    @overload
    async def asearch(self, queries: str, corpus: Any, k: int = ...) -> list[Hit]: ...
    @overload
    async def asearch(self, queries: Vectors, corpus: Any, k: int = ...) -> Any: ...
    @overload
    async def asearch(
        self, queries: Collection[str], corpus: Any, k: int = ...
    ) -> list[list[Hit]]: ...
    @overload
    async def asearch(self, queries: Collection[Any], corpus: Any, k: int = ...) -> Any: ...
    async def asearch(self, queries: Any, corpus: Any, k: int = 10) -> Any:
        """`search`, awaited."""
        return (await self.submit("search", queries, corpus, k)).value

    @overload
    async def aclassify(self, texts: str, *, long_text: str = ...) -> Classification: ...
    @overload
    async def aclassify(
        self, texts: Collection[Text], *, long_text: str = ...
    ) -> list[Classification]: ...
    async def aclassify(self, texts: Any, *, long_text: str = TRUNCATE) -> Any:
        """`classify`, awaited."""
        return (await self.submit("classify", texts, long_text=long_text)).value

    async def arerank(self, query: str, texts: Iterable[str]) -> list[Hit]:
        """`rerank`, awaited."""
        hits: list[Hit] = (await self.submit("rerank", query, texts)).value
        return hits

    @overload
    async def atag(self, texts: str, *, aggregation: str | None = ...) -> list[Entity]: ...
    @overload
    async def atag(
        self, texts: Collection[str], *, aggregation: str | None = ...
    ) -> list[list[Entity]]: ...
    async def atag(self, texts: Any, *, aggregation: str | None = None) -> Any:
        """`tag`, awaited."""
        return (await self.submit("tag", texts, aggregation=aggregation)).value

    @overload
    async def afill_mask(self, texts: str, k: int = ...) -> list[Fill]: ...
    @overload
    async def afill_mask(self, texts: Collection[str], k: int = ...) -> list[list[Fill]]: ...
    async def afill_mask(self, texts: Any, k: int = 5) -> Any:
        """`fill_mask`, awaited."""
        return (await self.submit("fill_mask", texts, k)).value

    @overload
    async def aanswer(
        self, question: str, context: str, *, allow_no_answer: bool = ...
    ) -> Answer: ...
    @overload
    async def aanswer(
        self,
        question: str | Collection[str],
        context: str | Collection[str],
        *,
        allow_no_answer: bool = ...,
    ) -> list[Answer]: ...
    async def aanswer(self, question: Any, context: Any, *, allow_no_answer: bool = False) -> Any:
        """`answer`, awaited."""
        told = await self.submit("answer", question, context, allow_no_answer=allow_no_answer)
        return told.value

    @overload
    async def atranslate(
        self,
        texts: str,
        *,
        beam: int = ...,
        n_best: int = ...,
        length_penalty: float | None = ...,
        max_length: int | None = ...,
    ) -> Translated: ...
    @overload
    async def atranslate(
        self,
        texts: Collection[str],
        *,
        beam: int = ...,
        n_best: int = ...,
        length_penalty: float | None = ...,
        max_length: int | None = ...,
    ) -> list[Translated]: ...
    async def atranslate(
        self,
        texts: Any,
        *,
        beam: int = 1,
        n_best: int = 1,
        length_penalty: float | None = None,
        max_length: int | None = None,
    ) -> Any:
        """`translate`, awaited; sentences of all requests share their steps."""
        told = await self.submit(
            "translate",
            texts,
            beam=beam,
            n_best=n_best,
            length_penalty=length_penalty,
            max_length=max_length,
        )
        return told.value
