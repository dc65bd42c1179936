"""Who waits in a queue, for how long, and what becomes of it when nobody wants it any more."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from held_runs import HeldRuns

from edgebert.bundle import open_bundle
from edgebert.errors import ClosedError, InputError, OverloadedError
from edgebert.records.profile import Profile, one_caller, untuned
from edgebert.runtimes import Model, TextQueue, load
from edgebert.runtimes.queueing.told import Submitted
from edgebert.runtimes.sessions.engine import Engine
from edgebert.runtimes.sessions.profiles import shared
from edgebert.runtimes.sessions.session import open_session

SHORT = [f"turn on the lamp {'please ' * (i % 2)}in {word}" for i, word in enumerate("abcdefgh")]


@pytest.fixture
def queue() -> Iterator[TextQueue]:
    queue = TextQueue(1)
    yield queue
    queue.close()


@pytest.fixture
def model(tiny_int8: Path, queue: TextQueue) -> Iterator[Model]:
    with load(tiny_int8, sharing=queue) as model:
        yield model


@pytest.fixture
def held(model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldRuns]:
    held = HeldRuns(monkeypatch)
    yield held
    held.let_go()


def occupy(model: Model, held: HeldRuns) -> Submitted:
    """Have the only caller run something that stops: what is submitted now waits."""
    held.hold()
    first = model.submit("embed", "on")
    held.wait_for_one()
    return first


def test_what_waits_runs_together_whoever_asked(model: Model, held: HeldRuns) -> None:
    occupy(model, held)
    asked = [model.submit("embed", text) for text in SHORT]
    held.let_go()
    wait(asked, 60)
    assert [len(texts) for texts in held.texts] == [1, len(SHORT)]


def test_what_is_read_in_parts_runs_together_too(
    tiny_tagger_bundle: Path, queue: TextQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    with load(tiny_tagger_bundle, sharing=queue) as model:
        held = HeldRuns(monkeypatch)
        held.hold()
        first = model.submit("tag", "anna is on")
        held.wait_for_one()
        asked = [model.submit("tag", text) for text in SHORT]
        held.let_go()
        wait([first, *asked], 60)
    assert [len(texts) for texts in held.texts] == [1, len(SHORT)]


def test_a_small_request_does_not_wait_for_all_of_a_large_one(model: Model, held: HeldRuns) -> None:
    occupy(model, held)
    large = model.submit("embed", [f"{'lamp ' * 40}{i}" for i in range(300)])
    small = [model.submit("embed", f"{'on ' * n}") for n in (1, 20, 38)]
    begun = len(held.texts)
    runs_when: dict[Any, int] = {}

    def note(it: Future[Any]) -> None:
        runs_when[it] = len(held.texts)

    for each in (large, *small):
        each.add_done_callback(note)
    held.let_go()
    wait([large, *small], 60)
    assert max(runs_when[each] for each in small) - begun <= 2 * (1 + len(small))
    assert runs_when[large] - begun > 40


def test_a_text_of_megabytes_holds_up_nobody(tiny_int8: Path, queue: TextQueue) -> None:
    """The only caller has time for others while it is tokenized."""
    loaded, go = load(tiny_int8), threading.Event()
    long = "turn on the lamp " * 8000

    class Tokenizer:
        def __getattr__(self, name: str) -> Any:
            return getattr(loaded.tokenizer, name)

        def encode_batch_fast(self, texts: list[str]) -> Any:
            assert len(texts[0]) < 100_000 or go.wait(60)
            return loaded.tokenizer.encode_batch_fast(texts)

    slow: Any = Tokenizer()
    with Model(loaded.bundle, loaded.engine, slow, queue=queue) as model:
        asked = [
            model.submit("embed", [text, long, text], long_text="mean")
            for text in ("a lamp", "paris")
        ]
        assert model.submit("embed", SHORT).result(60).value.shape == (8, 64)
        assert model.submit("embed", [f"{text} {i}" for text in SHORT for i in range(40)]).result(
            60
        )
        assert not any(each.done() for each in asked)
        assert asked[1].cancel()
        go.set()
        told = asked[0].result(60)
        assert told.tokens[1] > 8000 * 4
        whole = load(tiny_int8).embed(["a lamp", long, "a lamp"], long_text="mean")
        assert np.array_equal(told.value, whole)
    assert queue.waiting_tokens == 0


def test_requests_take_turns(model: Model, held: HeldRuns) -> None:
    """Of two large ones neither is done before most of the other is."""
    occupy(model, held)
    asked = [
        model.submit("embed", [f"{word} " * 30 + str(i) for i in range(64)])
        for word in ("lamp", "paris")
    ]
    held.let_go()
    wait(asked, 60)
    lamp = model.tokenizer.encode("lamp").ids[1]
    whose = [lamp in texts[0] for texts in held.texts[1:]]
    assert abs(whose[: len(whose) // 2].count(True) - whose[: len(whose) // 2].count(False)) <= 2


def test_models_take_turns(
    tiny_int8: Path, tiny_bundle: Path, queue: TextQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with many requests does not hold up one with a single one."""
    with load(tiny_int8, sharing=queue) as busy, load(tiny_bundle, sharing=queue) as other:
        held = HeldRuns(monkeypatch)
        occupy(busy, held)
        many = [
            busy.submit("embed", [f"{'lamp ' * 40}{i} {j}" for j in range(20)]) for i in "abcdef"
        ]
        one = other.submit("embed", [f"{'paris ' * 40}{i}" for i in range(20)])
        held.let_go()
        wait([*many, one], 60)
        whose = [session is other.engine.session for session in held.sessions[1:]]
        last = len(whose) - whose[::-1].index(True)
        assert whose.count(True) > 2
        assert last <= 2 * whose.count(True) + 1


def test_texts_of_other_lengths_do_not_pad_each_other(model: Model, held: HeldRuns) -> None:
    occupy(model, held)
    asked = [model.submit("embed", "on " * n) for n in (3, 55, 4, 50, 3, 58, 5)]
    held.let_go()
    wait(asked, 60)
    for texts in held.texts:
        lengths = [len(text) for text in texts]
        assert max(lengths) - min(lengths) < 20
    assert len(held.texts) <= 4


def test_a_graph_of_a_fixed_shape_gets_as_many_texts_as_it_takes(
    tiny_int8: Path, queue: TextQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tiny graph takes any shape, and here one of four texts at a time."""
    loaded = load(tiny_int8)
    texts = [f"{'on ' * n}lamp" for n in (1, 30, 2, 9, 40, 3)]
    expected = loaded.embed(texts)
    engine = Engine(partial(open_session, open_bundle(tiny_int8)), untuned(1))
    engine.input_spec = replace(engine.input_spec, shape=(4, 64))
    with Model(loaded.bundle, engine, loaded.tokenizer, queue=queue) as model:
        held = HeldRuns(monkeypatch)
        occupy(model, held)
        asked = [model.submit("embed", text) for text in texts]
        held.let_go()
        vectors = [each.result(60).value for each in asked]
    assert [sum(map(bool, run)) for run in held.texts] == [1, 4, 2]
    np.testing.assert_allclose(np.stack(vectors), expected, atol=2e-2)


def test_a_device_runs_one_batch_of_its_size_at_a_time(
    tiny_int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, loaded = TextQueue(3), load(tiny_int8)
    profile = shared(one_caller(2, 1000), "cuda", queue.threads)
    assert profile == Profile(1, 2, 2, spinning=False, tokens_per_run=1000)
    engine = Engine(partial(open_session, open_bundle(tiny_int8)), profile)
    with Model(loaded.bundle, engine, loaded.tokenizer, queue=queue) as model:
        held = HeldRuns(monkeypatch)
        occupy(model, held)
        asked = [model.submit("embed", [f"{text} {i}" for text in SHORT]) for i in range(20)]
        time.sleep(0.05)
        assert len(held.texts) == 1
        held.let_go()
        wait(asked, 60)
    sizes = [len(run) * max(map(len, run)) for run in held.texts]
    assert max(sizes) <= 1000
    assert len(sizes) <= 1 + 2 * -(-sum(sizes) // 1000)
    queue.close()


def test_a_full_queue_refuses_at_once_and_a_request_that_can_never_fit_otherwise(
    tiny_int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = TextQueue(1, max_waiting_tokens=300)
    with load(tiny_int8, sharing=queue) as model:
        held = HeldRuns(monkeypatch)
        occupy(model, held)
        asked = [model.submit("embed", ["turn on the lamp in the kitchen please"] * 8)]
        assert queue.waiting_tokens == sum(
            model.count_tokens(["turn on the lamp in the kitchen please"])
        )
        before = queue.waiting_tokens
        with pytest.raises(
            OverloadedError, match="max_waiting_tokens=300 may: ask again"
        ) as caught:
            for i in range(100):
                asked.append(model.submit("embed", [f"{'lamp ' * 6}{i}"] * 2))
        assert before < caught.value.waiting_tokens == queue.waiting_tokens <= 300 + 20
        assert caught.value.max_waiting_tokens == 300
        with pytest.raises(InputError, match=r"^a request of about \d+ tokens, where max_wait"):
            model.submit("embed", [f"{'lamp ' * 60}{i}" for i in range(9)])
        held.let_go()
        wait(asked, 60)
        assert queue.waiting_tokens == 0
        model.submit("embed", "there is room again").result(60)
    queue.close()


def test_cancelling_drops_what_has_not_begun(
    model: Model, held: HeldRuns, queue: TextQueue
) -> None:
    first = occupy(model, held)
    kept, dropped = (
        model.submit("embed", [f"{word} {i}" for i in range(90)]) for word in ("a", "b")
    )
    assert dropped.cancel()
    assert dropped.cancel()  # twice is once
    assert wait([dropped], 5).done == {dropped}
    with pytest.raises(CancelledError):
        dropped.result()
    held.let_go()
    assert kept.result(60).value.shape == (90, 64)
    assert not kept.cancel()
    assert first.result(60).value.shape == (64,)
    assert sum(map(len, held.texts)) == 91
    assert queue.waiting_tokens == 0


def test_every_counter_comes_back_to_nothing(
    tiny_int8: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After requests of all sizes from many threads, of which some fail and some are cancelled."""
    queue = TextQueue(3, max_waiting_tokens=20_000)
    models = [load(path, sharing=queue) for path in (tiny_int8, tiny_bundle)]
    held = HeldRuns(monkeypatch)
    bad = models[0].tokenizer.encode("kitchen").ids[1]
    held.failing = lambda texts: any(bad in text for text in texts)

    def ask(seed: int) -> None:
        draw = random.Random(seed)
        for i in range(25):
            words = draw.choice(["lamp", "paris", "on"]) + " "
            n = draw.choice([1, 1, 3, 40, 300])
            texts: list[Any] = [words * draw.randint(0, 70) + str(i) for _ in range(n)]
            if draw.random() < 0.2:
                texts[draw.randrange(n)] = draw.choice(["kitchen", None])
            try:
                asked = draw.choice(models).submit("embed", texts)
            except OverloadedError:
                continue
            time.sleep(draw.choice([0, 0, 0.002, 0.02]))
            if draw.random() < 0.4:
                asked.cancel()
            wait([asked], 60)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until = time.monotonic() + 20  # what was begun when it was cancelled is running still
    while queue._active and time.monotonic() < until:
        time.sleep(0.01)
    assert (queue.waiting_tokens, queue._active) == (0, 0)
    for model in models:
        lane = model.lane
        left = len(lane.jobs), lane.running, lane._queued, len(lane._ready), len(lane._unprepared)
        assert left == (0, 0, 0, 0, 0)
        model.close()
    queue.close()


def test_closing_a_model_refuses_what_waits_and_finishes_what_was_begun(
    tiny_int8: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = TextQueue(1)
    model, other = load(tiny_int8, sharing=queue), load(tiny_bundle, sharing=queue)
    held = HeldRuns(monkeypatch)
    first = occupy(model, held)
    waiting, beside = model.submit("embed", SHORT), other.submit("embed", SHORT)
    closing = threading.Thread(target=model.close)
    closing.start()
    with pytest.raises(ClosedError, match=r"^this model is closed$"):
        waiting.result(60)
    assert closing.is_alive()
    held.let_go()
    closing.join(60)
    assert first.result(60).value.shape == (64,)
    assert beside.result(60).value.shape == (8, 64)
    with pytest.raises(ClosedError, match=r"^this model is closed$"):
        model.submit("embed", "lamp")
    other.close()
    queue.close()


def test_closing_a_queue_ends_its_threads(tiny_int8: Path) -> None:
    queue = TextQueue(3)
    before = set(threading.enumerate())
    with load(tiny_int8, sharing=queue) as model:
        wait([model.submit("embed", SHORT) for _ in range(50)], 60)
        assert len(set(threading.enumerate()) - before) in (1, 2, 3)
        late = model.submit("embed", [f"{text} {i}" for text in SHORT for i in range(200)])
        queue.close()
        assert set(threading.enumerate()) - before == set()
        assert late.done()
        with pytest.raises(ClosedError, match=r"^this queue is closed$"):
            model.submit("embed", "lamp")
        assert model.embed("lamp").shape == (64,)


def _outcome(program: str) -> tuple[int, str]:
    """Exit code and stderr of a program, which is killed when it hangs."""
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return run.returncode, run.stderr


def test_a_process_ends_by_itself_whatever_is_open(tiny_int8: Path) -> None:
    program = f"""
        from edgebert.runtimes import load
        model = load({str(tiny_int8)!r}, sharing="server")
        model.submit("embed", ["a lamp"] * 3).result()
        model.submit("embed", [f"lamp {{i}}" for i in range(2000)])
    """
    assert _outcome(program) == (0, "")


def test_a_forked_process_has_a_queue_of_its_own(tiny_int8: Path) -> None:
    program = f"""
        import os, sys
        import numpy as np
        from edgebert.errors import InputError
        from edgebert.runtimes import load

        model = load({str(tiny_int8)!r}, sharing="server")
        texts = [f"lamp {{i}}" for i in range(300)]
        expected = model.submit("embed", texts).result().value
        begun = model.submit("embed", texts * 2)
        child = os.fork()
        if child == 0:
            again = model.submit("embed", texts).result(60).value
            try:
                begun.result()
            except InputError as error:
                forked = "forked" in str(error)
            os._exit(0 if forked and np.array_equal(again, expected) else 7)
        _, status = os.waitpid(child, 0)
        assert np.array_equal(begun.result().value[:300], expected)
        sys.exit(os.waitstatus_to_exitcode(status))
    """
    assert _outcome(program) == (0, "")


def test_a_model_that_shares_goes_to_worker_processes(tiny_int8: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, sys\n"
        "from edgebert.runtimes import TextQueue, load\n"
        "def ask(model):\n"
        "    return model.submit('embed', ['a lamp']).result(60).value.shape\n"
        "if __name__ == '__main__':\n"
        "    model = load(sys.argv[1], sharing=TextQueue(1))\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        assert pool.map_async(ask, [model, model]).get(100) == [(1, 64)] * 2\n"
    )
    run = subprocess.run(
        [sys.executable, str(program), str(tiny_int8)],
        timeout=150,
        check=False,
        capture_output=True,
    )
    assert (run.returncode, run.stderr) == (0, b"")
