"""What a type checker knows of the answers of a model. Checked by mypy, and never run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import edgebert
from edgebert.runtimes import Answer, Classification, Entity, Fill, Hit, Model, TextQueue, Told
from edgebert.runtimes.kernels.graph import RunningKernels
from edgebert.tasks.sparse import SparseVector
from edgebert.tasks.translations import Translated
from edgebert.vectors.forms import Vectors

model = edgebert.load("bundle")
assert_type(model, Model)

ONE = "one text"
LIST = ["one text", "another"]
TUPLE = ("one text", "another")
PAIRS = [("a query", "a text")]


def stream() -> Iterator[str]:
    yield ONE


# One text gives one answer, a collection a list, any other iterable an iterator.

assert_type(model.embed(ONE), Vectors)
assert_type(model.embed(LIST, prompt="query", dtype="int8"), Vectors)
assert_type(model.embed(TUPLE), Vectors)
assert_type(model.embed(stream()), Iterator[Vectors])
assert_type(model.embed(text for text in LIST), Iterator[Vectors])

assert_type(model.embed_sparse(ONE), SparseVector)
assert_type(model.embed_sparse(LIST), list[SparseVector])
assert_type(model.embed_sparse(stream()), Iterator[SparseVector])

assert_type(model.translate(ONE), Translated)
assert_type(model.translate(LIST, beam=2), list[Translated])
assert_type(model.translate(stream()), Iterator[Translated])

assert_type(model.classify(ONE), Classification)
assert_type(model.classify(LIST), list[Classification])
assert_type(model.classify(PAIRS, long_text="mean"), list[Classification])
assert_type(model.classify(stream()), Iterator[Classification])
assert_type(model.classify(pair for pair in PAIRS), Iterator[Classification])

assert_type(model.tag(ONE), list[Entity])
assert_type(model.tag(LIST, aggregation="simple"), list[list[Entity]])
assert_type(model.tag(stream()), Iterator[list[Entity]])

assert_type(model.fill_mask(ONE), list[Fill])
assert_type(model.fill_mask(LIST, 3), list[list[Fill]])
assert_type(model.fill_mask(stream(), k=3), Iterator[list[Fill]])

assert_type(model.answer(ONE, ONE), Answer)
assert_type(model.answer(ONE, LIST), list[Answer])
assert_type(model.answer(LIST, ONE), list[Answer])
assert_type(model.answer(LIST, TUPLE, allow_no_answer=True), list[Answer])
assert_type(model.answer(ONE, stream()), Iterator[Answer])
assert_type(model.answer(stream(), LIST), Iterator[Answer])

assert_type(model.count_tokens(ONE), int)
assert_type(model.count_tokens(LIST), list[int])
assert_type(model.count_tokens(stream()), Iterator[int])
assert_type(model.truncated(ONE), bool)
assert_type(model.truncated(LIST), list[bool])
assert_type(model.truncated(stream()), Iterator[bool])

# What is found, in an order.

assert_type(model.search(ONE, LIST), list[Hit])
assert_type(model.search(LIST, LIST, k=3), list[list[Hit]])
assert_type(model.search(stream(), LIST), Iterator[list[Hit]])
assert_type(model.search(stream(), Path("corpus.txt")), Iterator[list[Hit]])
assert_type(model.search(model.embed(ONE), LIST), Any)  # of an array, its shape decides
assert_type(model.search(model.embed(LIST), LIST), Any)
assert_type(model.rerank(ONE, LIST), list[Hit])
assert_type(model.rerank(ONE, stream()), list[Hit])
assert_type(model.similarity(ONE, ONE), float)
assert_type(model.similarity(ONE, LIST), Any)  # by numbers of both sides

# The same without waiting for it: no streams.


async def awaited() -> None:
    assert_type(await model.submit("embed", LIST), Told)
    assert_type(model.submit("tag", ONE).result().tokens, tuple[int, ...])
    assert_type(await model.aembed(ONE), Vectors)
    assert_type(await model.aembed(LIST, prompt="query", dtype="int8"), Vectors)
    assert_type(await model.aembed_sparse(ONE), SparseVector)
    assert_type(await model.aembed_sparse(LIST), list[SparseVector])
    assert_type(await model.aclassify(ONE), Classification)
    assert_type(await model.aclassify(PAIRS, long_text="mean"), list[Classification])
    assert_type(await model.atag(ONE), list[Entity])
    assert_type(await model.atag(LIST, aggregation="simple"), list[list[Entity]])
    assert_type(await model.atranslate(ONE), Translated)
    assert_type(await model.atranslate(LIST, beam=2), list[Translated])
    assert_type(await model.afill_mask(ONE), list[Fill])
    assert_type(await model.afill_mask(LIST, 3), list[list[Fill]])
    assert_type(await model.aanswer(ONE, ONE), Answer)
    assert_type(await model.aanswer(ONE, LIST, allow_no_answer=True), list[Answer])
    assert_type(await model.arerank(ONE, stream()), list[Hit])
    assert_type(await model.asimilarity(ONE, ONE), float)
    assert_type(await model.asimilarity(ONE, LIST), Any)
    assert_type(await model.asearch(ONE, LIST), list[Hit])
    assert_type(await model.asearch(LIST, LIST, k=3), list[list[Hit]])
    await model.aembed(stream())  # type: ignore[arg-type]


def refused() -> Any:
    """Each of these lines is an error of types, and nothing else would say so before it runs."""
    model.embed(3)  # type: ignore[call-overload]
    model.embed([3])  # type: ignore[list-item]
    model.embed(PAIRS)  # type: ignore[arg-type]
    model.classify(None)  # type: ignore[call-overload]
    model.tag([b"bytes"])  # type: ignore[list-item]
    model.rerank(LIST, LIST)  # type: ignore[arg-type]
    model.search(ONE, LIST, k="3")  # type: ignore[call-overload]
    print(model.embed(ONE).label)  # type: ignore[attr-defined]
    return None


# What runs a model.

assert_type(edgebert.load("bundle", kernels="required").kernels, RunningKernels | None)
assert_type(edgebert.load("bundle", sharing="server"), Model)
assert_type(edgebert.load("bundle", sharing=TextQueue(2, max_waiting_tokens=4096)), Model)
