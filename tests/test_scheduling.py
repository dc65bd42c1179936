"""Callers, windows and threads: they change how long an answer takes, never the answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgebert.bundle import open_bundle
from edgebert.errors import InputError
from edgebert.records.profile import Profile, untuned
from edgebert.runtimes import Model, load
from edgebert.runtimes.sessions import engine
from edgebert.runtimes.sessions.engine import Engine
from edgebert.runtimes.sessions.session import open_session
from edgebert.runtimes.windows import distinct, repeated, windows_from, windows_of

WORDS = "turn on the lamp anna is in paris off 开灯 please".split()


def texts_of(lengths: list[int], seed: int = 0) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=n)) for n in lengths]


LENGTHS = [random.Random(1).randint(0, 60) for _ in range(300)]
MIXES = {
    "sorted": sorted(LENGTHS),
    "shuffled": LENGTHS,
    "short and long in turns": [2, 60] * 60,
    "one late long text": [3] * 150 + [60],
    "empty texts": [0] * 70 + [1, 40],
}


def model_with(bundle: Path, profile: Profile) -> Model:
    """The bundle, run in another way."""
    loaded = load(bundle)
    opening = partial(open_session, open_bundle(bundle))
    return Model(loaded.bundle, Engine(opening, profile), loaded.tokenizer)


@pytest.mark.parametrize("mix", MIXES)
def test_list_stream_and_single_text_give_the_same_bits(tiny_int8: Path, mix: str) -> None:
    model, texts = load(tiny_int8), texts_of(MIXES[mix])
    together = model.embed(texts)
    assert np.array_equal(np.stack(list(model.embed(iter(texts)))), together)
    for i in range(0, len(texts), 23):
        assert np.array_equal(model.embed(texts[i]), together[i])


@pytest.mark.parametrize("seed", range(8))
def test_no_profile_changes_a_bit(tiny_int8: Path, seed: int) -> None:
    draw = random.Random(seed)
    profile = Profile(
        callers=draw.randint(1, 5),
        caller_threads=draw.randint(1, 3),
        threads=draw.randint(1, 4),
        spinning=draw.random() < 0.5,
        tokens_per_run=draw.choice((1, 64, 200, 2048)),
        short_tokens=draw.choice((0, 1, 30, 10_000)),
    )
    texts = texts_of(draw.sample(LENGTHS, 120), seed)
    expected = load(tiny_int8, threads=1).embed(texts)
    with model_with(tiny_int8, profile) as model:
        assert np.array_equal(model.embed(texts), expected)
        assert np.array_equal(model.embed(texts[7]), expected[7])


def test_a_short_text_alone_wakes_no_other_core_and_a_long_one_has_them_all(
    tiny_int8: Path,
) -> None:
    bundle, opened = open_bundle(tiny_int8), []

    def opening(*, threads: int, spinning: bool) -> Any:
        opened.append(threads)
        return open_session(bundle, threads=threads, spinning=spinning)

    model = Model(bundle, Engine(opening, untuned(3, short_tokens=20)), load(bundle.path).tokenizer)
    short, long = texts_of([3, 40])
    before = len(list(Path("/proc/self/task").iterdir()))
    answer = model.embed(short)
    assert opened == [1]
    assert len(list(Path("/proc/self/task").iterdir())) == before
    model.embed([short, "on the lamp"])  # one run of one caller
    assert opened == [1]
    model.embed(long)
    assert opened == [1, 3]
    assert len(list(Path("/proc/self/task").iterdir())) > before
    assert np.array_equal(model.embed([long, short, *texts_of([2] * 50)])[1], answer)
    assert opened == [1, 3]


def test_a_text_that_comes_twice_is_computed_once(
    tiny_int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    run = engine._run

    def counted(session: Any, outputs: Any, inputs: Any) -> Any:
        ran.append(len(inputs["input_ids"]))
        return run(session, outputs, inputs)

    monkeypatch.setattr(engine, "_run", counted)
    model, texts = load(tiny_int8), texts_of(LENGTHS[:40])
    ran.clear()
    often = model.embed(texts * 60)  # more than a window
    assert sum(ran) == len(set(texts))
    ran.clear()
    assert np.array_equal(np.stack(list(model.embed(iter(texts * 3)))), often[:120])
    assert sum(ran) <= len(set(texts)) + 1  # the first text of a stream is a window of its own


def test_answers_of_equal_texts_do_not_share_what_can_be_changed(tiny_tagger_bundle: Path) -> None:
    first, second = load(tiny_tagger_bundle).tag(["anna is in paris"] * 2)
    assert first == second
    assert first is not second


def test_a_stream_is_not_read_further_ahead_than_two_windows(tiny_int8: Path) -> None:
    taken = 0

    def many() -> Iterator[str]:
        nonlocal taken
        for i in range(6000):
            taken += 1
            yield WORDS[i % len(WORDS)]

    for received, _ in enumerate(load(tiny_int8).embed(many()), start=1):
        assert taken - received <= 2 * 1024
    assert received == taken == 6000


def test_the_answer_to_a_slow_stream_does_not_wait_for_its_next_text(tiny_int8: Path) -> None:
    taken = 0

    def slow() -> Iterator[str]:
        nonlocal taken
        for text in texts_of(LENGTHS[:6]):
            time.sleep(0.05)
            taken += 1
            yield text

    assert [taken for _ in load(tiny_int8).embed(slow())] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("place", [0, 3, 1700])
def test_a_wrong_item_is_named_by_its_place_after_all_answers_before_it(
    tiny_int8: Path, place: int
) -> None:
    stream: list[Any] = ["lamp"] * place + [7, "lamp"]
    received = 0
    with pytest.raises(InputError, match=f"^text {place}: expected str, not int$"):
        for _ in load(tiny_int8).embed(iter(stream)):
            received += 1
    assert received == place


def test_what_the_source_of_a_stream_raises_arrives_after_the_answers(tiny_int8: Path) -> None:
    def broken() -> Iterator[str]:
        yield from texts_of(LENGTHS[:30])
        raise OSError("the file is gone")

    received: list[Any] = []
    with pytest.raises(OSError, match="the file is gone"):
        received.extend(load(tiny_int8).embed(broken()))
    assert len(received) == 30


def test_a_stream_that_is_left_does_not_hold_up_the_next_call(tiny_int8: Path) -> None:
    model = load(tiny_int8)
    stream = model.embed(iter(texts_of(LENGTHS * 8)))
    next(stream)
    del stream
    assert np.array_equal(model.embed("lamp"), load(tiny_int8).embed("lamp"))


def test_64_threads_call_one_model(tiny_int8: Path) -> None:
    model, texts = load(tiny_int8), texts_of(LENGTHS)
    expected = model.embed(texts)
    wrong: list[int] = []
    ready = threading.Barrier(64)

    def call(number: int) -> None:
        draw = random.Random(number)
        ready.wait()
        for _ in range(3):
            chosen = draw.sample(range(len(texts)), 25)
            if not np.array_equal(model.embed([texts[i] for i in chosen]), expected[chosen]):
                wrong.append(number)
            if not np.array_equal(model.embed(texts[chosen[0]]), expected[chosen[0]]):
                wrong.append(number)

    threads = [threading.Thread(target=call, args=(n,), daemon=True) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def test_windows_of_a_list_hold_every_text_once_and_know_the_last() -> None:
    windows = list(windows_of(range(2500)))
    assert [text for window in windows for text in window.texts] == list(range(2500))
    assert [window.full for window in windows] == [True, True, False]


def test_long_texts_close_a_window_sooner() -> None:
    windows = list(windows_from(["x" * 400_000] * 7, lambda text, place: text))
    assert [len(window.texts) for window in windows] == [1, 3, 3]


def test_long_texts_of_a_list_close_a_window_sooner_and_one_alone_is_a_window() -> None:
    texts = ["x" * n for n in (400_000, 600_000, 1, 3_000_000, 2)]
    windows = list(windows_of(texts))
    assert [len(window.texts) for window in windows] == [2, 1, 1, 1]
    assert [window.full for window in windows] == [True, True, True, False]


def test_every_vector_of_a_stream_is_the_callers_own(tiny_int8: Path) -> None:
    model = load(tiny_int8)
    expected = model.embed(["a", "the lamp", "the lamp"])
    found = []
    for vector in model.embed(iter(["a", "the lamp", "the lamp"])):
        found.append(vector.copy())
        vector -= 1
        assert vector.base is None  # nor does it keep the rest of its batch
    assert np.array_equal(found, expected)
    first, second = model.outputs(["a", "a"])
    assert not np.shares_memory(first, second)


def test_distinct_and_repeated_are_each_others_inverse() -> None:
    letters = list("abracadabra")
    once, places = distinct(letters)
    assert once == list("abrcd")
    assert list(repeated(iter(once), places)) == letters


def test_untuned_gives_each_core_a_caller() -> None:
    assert untuned(4) == replace(untuned(4), callers=4, caller_threads=1, threads=4)
