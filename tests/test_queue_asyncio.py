"""Models that are asked from asyncio: no verb holds up the loop, and a task that ends asks no more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_bit import bits
from held_runs import HeldRuns

from edgebert.errors import InputError
from edgebert.runtimes import Model, TextQueue, load

TEXTS = [f"turn on the lamp {'in paris ' * (i % 7)}{i}" for i in range(60)]

ASKED: dict[str, list[Callable[[Model], tuple[Any, Awaitable[Any]]]]] = {
    "tiny_int8": [
        lambda m: (m.embed("a lamp"), m.aembed("a lamp")),
        lambda m: (m.embed(TEXTS, max_length=7), m.aembed(TEXTS, max_length=7)),
        lambda m: (m.similarity("a", "b"), m.asimilarity("a", "b")),
        lambda m: (m.search("a", TEXTS, 3), m.asearch("a", TEXTS, 3)),
    ],
    "tiny_classifier_bundle": [lambda m: (m.classify(TEXTS[0]), m.aclassify(TEXTS[0]))],
    "tiny_reranker_bundle": [lambda m: (m.rerank("a", TEXTS), m.arerank("a", iter(TEXTS)))],
    "tiny_tagger_bundle": [
        lambda m: (m.tag(TEXTS, aggregation="max"), m.atag(TEXTS, aggregation="max"))
    ],
    "tiny_reader_bundle": [
        lambda m: (m.answer("who", TEXTS), m.aanswer("who", TEXTS)),
        lambda m: (m.answer("who", TEXTS[6]), m.aanswer("who", TEXTS[6])),
    ],
    "tiny_filler_bundle": [
        lambda m: (m.fill_mask("a [MASK] lamp", 2), m.afill_mask("a [MASK] lamp", 2))
    ],
    "tiny_splade_bundle": [
        lambda m: (m.embed_sparse(TEXTS), m.aembed_sparse(TEXTS)),
    ],
}


@pytest.fixture
def queue() -> Iterator[TextQueue]:
    queue = TextQueue(2)
    yield queue
    queue.close()


@pytest.mark.parametrize("bundle", ASKED)
def test_every_verb_is_awaited(
    bundle: str, queue: TextQueue, request: pytest.FixtureRequest
) -> None:
    async def ask(model: Model) -> None:
        for asked in ASKED[bundle]:
            expected, answer = asked(model)
            found = await answer
            assert bits(found) == bits(expected)

    with load(request.getfixturevalue(bundle), sharing=queue) as model:
        asyncio.run(ask(model))


def test_many_tasks_get_their_own_answers(tiny_int8: Path, queue: TextQueue) -> None:
    async def ask_all(model: Model) -> list[Any]:
        return await asyncio.gather(*[model.aembed(text) for text in TEXTS * 3])

    with load(tiny_int8, sharing=queue) as model:
        expected = model.embed(TEXTS)
        for _ in range(3):  # in a loop of its own each time
            assert np.array_equal(np.stack(asyncio.run(ask_all(model))), np.tile(expected, (3, 1)))


def test_a_cancelled_task_drops_its_request(
    tiny_int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = TextQueue(1)

    async def ask(model: Model, held: HeldRuns) -> None:
        held.hold()
        first = asyncio.create_task(model.aembed("on"))
        await asyncio.to_thread(held.wait_for_one)
        second, third = (asyncio.create_task(model.aembed(TEXTS)) for _ in range(2))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        dropped = model.submit("embed", TEXTS)
        dropped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dropped
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await third
        held.let_go()
        assert (await first).shape == (64,)

    with load(tiny_int8, sharing=queue) as model:
        held = HeldRuns(monkeypatch)
        asyncio.run(ask(model, held))
        assert [len(texts) for texts in held.texts] == [1]
        assert queue.waiting_tokens == 0
    queue.close()


def test_errors_reach_the_task(tiny_int8: Path, queue: TextQueue) -> None:
    async def ask(model: Model) -> None:
        with pytest.raises(InputError, match="text 1: expected str, not int"):
            await model.aembed(["a", 3])  # type: ignore[list-item]
        with pytest.raises(InputError, match="a stream of texts does not wait"):
            await model.aembed(iter("ab"))  # type: ignore[arg-type]

    with load(tiny_int8, sharing=queue) as model:
        asyncio.run(ask(model))


class Watched:
    """A tokenizer that keeps which thread tokenized how many characters."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.done: list[tuple[bool, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def encode_batch_fast(self, texts: list[str]) -> Any:
        in_loop = threading.current_thread() is threading.main_thread()
        self.done.append((in_loop, sum(map(len, texts))))
        return self._tokenizer.encode_batch_fast(texts)


def test_no_text_is_too_long_for_the_loop(tiny_int8: Path, queue: TextQueue) -> None:
    """A short one is tokenized on the spot, long ones by callers, and many of them in pieces."""
    long, many = "turn on the lamp in paris " * 2000, ["turn on the lamp " * 50] * 2 + TEXTS * 9

    async def ask(model: Model) -> Any:
        whole = model.aembed(long, long_text="mean")
        return await asyncio.gather(model.aembed("a lamp"), whole, model.aembed(many))

    loaded = load(tiny_int8)
    watched: Any = Watched(loaded.tokenizer)
    with Model(loaded.bundle, loaded.engine, watched, queue=queue) as model:
        answers = asyncio.run(ask(model))
    assert {size for in_loop, size in watched.done if in_loop} == {len("a lamp")}
    pieces = [size for in_loop, size in watched.done if not in_loop]
    assert max(pieces) == len(long)
    assert len(pieces) == 2
    alone = load(tiny_int8)
    expected = alone.embed("a lamp"), alone.embed(long, long_text="mean"), alone.embed(many)
    assert [bits(each) for each in answers] == [bits(each) for each in expected]
