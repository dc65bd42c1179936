"""What is submitted gives what the method of the model gives, bit for bit, whoever asks beside it."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_bit import bits
from held_runs import HeldRuns

from edgebert.errors import InputError
from edgebert.runtimes import Model, TextQueue, Told, load
from edgebert.runtimes.sessions import engine

WORDS = "turn on the lamp anna is in paris off 开灯 please kitchen".split()


def text_of(words: int, seed: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


RAGGED = [text_of(n, n) for n in (3, 0, 1, 12, 40, 7, 200, 2, 9, 9, 75, 5)]
TEXTS = [*RAGGED, *RAGGED[:3]]  # some of them twice
PAIRS = [("turn on the lamp", text) for text in RAGGED]
MASKED = [f"turn the [MASK] {'on ' * n}in [MASK]" for n in (1, 9, 2, 30)]

Case = tuple[str, tuple[Any, ...], dict[str, Any]]

CASES: dict[str, list[Case]] = {
    "tiny_int8": [
        ("embed", (RAGGED[0],), {}),
        ("embed", (TEXTS,), {}),
        ("embed", ((),), {}),
        ("embed", (np.array(RAGGED),), {"dtype": "int8", "truncate_dim": 32}),
        ("embed", (TEXTS,), {"max_length": 9}),
        ("embed", (TEXTS,), {"long_text": "mean", "dtype": "float16"}),
        ("embed", ({"a lamp": 1, "paris": 2},), {"prompt": ""}),
        ("similarity", ("a lamp", "paris"), {}),
        ("similarity", (RAGGED[:4], RAGGED), {}),
        ("similarity", (np.ones((2, 64), np.float32), "paris"), {}),
        ("search", ("a lamp", RAGGED), {"k": 3}),
        ("search", (RAGGED[:5], RAGGED, 4), {}),
        ("search", (RAGGED[:2], np.eye(3, 64, dtype=np.float32)), {}),
    ],
    "tiny_classifier_bundle": [
        ("classify", ("a lamp",), {}),
        ("classify", (TEXTS,), {}),
        ("classify", (PAIRS,), {}),
        ("classify", ([*TEXTS, *PAIRS],), {"long_text": "mean"}),
    ],
    "tiny_reranker_bundle": [("rerank", ("a lamp", TEXTS), {}), ("rerank", ("a lamp", []), {})],
    "tiny_tagger_bundle": [
        ("tag", ("anna is in paris",), {}),
        ("tag", (TEXTS,), {"aggregation": "simple"}),
    ],
    "tiny_filler_bundle": [("fill_mask", (MASKED[1],), {}), ("fill_mask", (MASKED, 3), {})],
    "tiny_reader_bundle": [
        ("answer", ("where is anna", RAGGED[6]), {}),
        ("answer", ("where is anna", RAGGED), {"allow_no_answer": True}),
        ("answer", ([f"who is {text}" for text in RAGGED[:3]], RAGGED[3:6]), {}),
    ],
    "tiny_splade_bundle": [
        ("embed_sparse", ("a lamp",), {}),
        ("embed_sparse", (TEXTS,), {}),
        ("similarity", (RAGGED[:3], RAGGED[3:5]), {}),
        ("search", (RAGGED[:3], RAGGED), {}),
    ],
}


@pytest.fixture(scope="module")
def queue() -> Iterator[TextQueue]:
    queue = TextQueue(3)
    yield queue
    assert queue.waiting_tokens == 0
    queue.close()


@pytest.mark.parametrize(
    ("bundle", "kernels"), [*((bundle, "auto") for bundle in CASES), ("tiny_int8", "off")]
)
def test_many_threads_asking_at_once_get_what_each_would_get_alone(
    bundle: str, kernels: str, queue: TextQueue, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(bundle)
    with load(path, kernels=kernels) as alone:
        expected = [bits(getattr(alone, verb)(*args, **kw)) for verb, args, kw in CASES[bundle]]
    wrong: list[Case] = []

    def ask(model: Model, seed: int) -> None:
        order = list(enumerate(CASES[bundle])) * 3
        random.Random(seed).shuffle(order)
        asked = [(i, case, model.submit(case[0], *case[1], **case[2])) for i, case in order]
        wrong.extend(case for i, case, it in asked if bits(it.result(60).value) != expected[i])

    with load(path, kernels=kernels, sharing=queue) as model:
        assert [bits(getattr(model, v)(*a, **kw)) for v, a, kw in CASES[bundle]] == expected
        threads = [threading.Thread(target=ask, args=(model, seed)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_models_on_one_queue_do_not_mix(tiny_int8: Path, tiny_bundle: Path) -> None:
    queue = TextQueue(2)
    of_one, of_other = (load(path).embed(TEXTS) for path in (tiny_int8, tiny_bundle))
    with load(tiny_int8, sharing=queue) as one, load(tiny_bundle, sharing=queue) as other:
        asked = [model.submit("embed", [t]) for t in TEXTS for model in (one, other)]
        rows = [each.result(60).value[0] for each in asked]
    assert np.array_equal(np.stack(rows[::2]), of_one)
    assert np.array_equal(np.stack(rows[1::2]), of_other)
    assert not np.array_equal(of_one, of_other)
    queue.close()


def test_an_answer_tells_what_was_read_and_what_was_cut(tiny_int8: Path, queue: TextQueue) -> None:
    with load(tiny_int8, sharing=queue) as model:
        told = model.submit("embed", TEXTS).result(60)
        counts = model.count_tokens(TEXTS)
        assert told.tokens == tuple(min(count, model.max_length) for count in counts)
        assert told.cut == tuple(model.truncated(TEXTS))
        assert any(told.cut) and not all(told.cut)
        short = model.submit("embed", TEXTS, max_length=9).result(60)
        assert short.tokens == tuple(min(count, 9) for count in counts)
        assert short.cut == tuple(model.truncated(TEXTS, max_length=9))
        whole = model.submit("embed", TEXTS, long_text="mean").result(60)
        assert not any(whole.cut)
        assert whole.tokens[6] > told.tokens[6]
        sides = model.submit("similarity", ["a lamp"], RAGGED[:2]).result(60)
        assert sides.tokens == tuple(model.count_tokens(["a lamp", *RAGGED[:2]]))
        found = model.submit("search", np.ones(64, np.float32), ["on", "off"]).result(60)
        assert len(found.tokens) == 2
        assert min(told.queue_s, told.run_s) > 0


def test_a_pair_is_told_as_one_text(tiny_reranker_bundle: Path, queue: TextQueue) -> None:
    with load(tiny_reranker_bundle, sharing=queue) as model:
        told = model.submit("rerank", "a lamp", RAGGED).result(60)
        pairs = [("a lamp", text) for text in RAGGED]
        counts = model.count_tokens(pairs)
        assert told.tokens == tuple(min(count, model.max_length) for count in counts)
        assert told.cut == tuple(model.truncated(pairs))


def test_equal_texts_of_a_request_run_once(tiny_int8: Path) -> None:
    runs: list[int] = []
    queue = TextQueue(1, on_run=lambda texts, tokens: runs.append(texts))
    with load(tiny_int8, sharing=queue) as model:
        told: Told = model.submit("embed", TEXTS * 20).result(60)
    queue.close()  # what a run is told to comes after its answers
    assert sum(runs) == len(set(TEXTS))
    assert len(told.tokens) == len(TEXTS) * 20


def test_answers_of_equal_texts_do_not_share_what_can_be_changed(
    tiny_tagger_bundle: Path, queue: TextQueue
) -> None:
    with load(tiny_tagger_bundle, sharing=queue) as model:
        first, second = model.submit("tag", ["anna is in paris"] * 2).result(60).value
    assert first == second
    assert first is not second


@pytest.mark.parametrize(
    ("verb", "args", "options", "message"),
    [
        ("embed", (3,), {}, "^expected a text or texts, not int$"),
        ("embed", (["a", 3],), {}, "^text 1: expected str, not int$"),
        ("embed", (["a"] * 500 + [None],), {}, "^text 500: expected str, not NoneType$"),
        ("embed", ("\ud800",), {}, "lone surrogate"),
        ("embed", ("a",), {"prompt": "no such"}, "has no prompt 'no such'"),
        ("embed", ("a",), {"dtype": "int4"}, "int4"),
        ("embed", (iter(["a"]),), {}, "a stream of texts does not wait in a queue"),
        ("search", (iter(["a"]), ["b"]), {}, "a stream of texts does not wait in a queue"),
        ("search", ("a", []), {}, "^the corpus is empty$"),
        ("search", ("a", Path("nowhere.txt")), {}, "does not exist"),
        ("similarity", ("a", ["b", 3]), {}, "^b: text 1: expected str, not int$"),
        ("tag", ("a",), {}, "tag needs one for token-classification"),
    ],
)
def test_what_cannot_be_answered_is_the_futures_error(
    verb: str, args: Any, options: Any, message: str, tiny_int8: Path, queue: TextQueue
) -> None:
    with load(tiny_int8, sharing=queue) as model:
        asked = model.submit(verb, *args, **options)
        with pytest.raises(InputError, match=message):
            asked.result(60)
        with pytest.raises(InputError, match="verb='outputs': expected"):
            model.submit("outputs", ["a"])


def test_a_run_that_fails_fails_its_own_request_alone(
    tiny_int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = TextQueue(1)
    with load(tiny_int8, sharing=queue) as model:
        expected = model.embed(RAGGED[3])
        bad = model.tokenizer.encode("kitchen").ids[1]
        held = HeldRuns(monkeypatch)
        held.failing = lambda texts: any(bad in text for text in texts)
        held.hold()
        first = model.submit("embed", "on")
        held.wait_for_one()  # the others come while it runs, and run together
        asked = [model.submit("embed", t) for t in ("kitchen", "off", RAGGED[3], "the kitchen")]
        held.let_go()
        for place in (0, 3):
            with pytest.raises(MemoryError, match="no room for this run"):
                asked[place].result(60)
        assert np.array_equal(asked[2].result(60).value, expected)
        assert first.result(60).value.shape == asked[1].result(60).value.shape == (64,)
        assert len(held.texts[1]) > 1
    assert queue.waiting_tokens == 0
    queue.close()


def test_a_model_that_shares_needs_one_session_that_never_spins(tiny_int8: Path) -> None:
    queue = TextQueue(2)
    with load(tiny_int8, threads=4, sharing=queue) as model:
        assert (model.engine.profile.callers, model.engine.profile.threads) == (2, 1)
        assert not model.engine.profile.spinning
        assert model.engine.session is model.engine._callers_session()
        assert np.array_equal(model.embed(RAGGED), load(tiny_int8).embed(RAGGED))
    queue.close()


def test_who_loads_alone_may_submit_too(tiny_int8: Path) -> None:
    with load(tiny_int8, threads=2) as model:
        assert np.array_equal(model.submit("embed", TEXTS).result(60).value, model.embed(TEXTS))
        assert isinstance(model.engine, engine.Engine)
    with pytest.raises(InputError, match="sharing='together': expected"):
        load(tiny_int8, sharing="together")
