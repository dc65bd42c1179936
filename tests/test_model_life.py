"""A loaded model: closed, sent to other processes, forked, and its bundle replaced under it."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgebert.errors import BundleError, ClosedError
from edgebert.runtimes import Model, load
from edgebert.runtimes.loading import open_model
from edgebert.runtimes.sessions import engine
from edgebert.runtimes.sessions.engine import Engine

TEXTS = [f"turn on the lamp {i} in paris" for i in range(120)]  # several micro-batches


def _outcome(arguments: list[str]) -> tuple[int, str]:
    """Exit code and stderr of a Python program, which is killed when it hangs."""
    run = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=150, check=False
    )
    return run.returncode, run.stderr


def test_a_closed_model_says_so(tiny_int8: Path) -> None:
    with load(tiny_int8) as model:
        assert model.embed(TEXTS).shape == (120, 64)
    for texts in ("one", TEXTS):
        with pytest.raises(ClosedError, match=r"^this model is closed$"):
            model.embed(texts)
    model.close()  # twice is once


def test_closing_ends_the_threads_of_the_callers(tiny_int8: Path) -> None:
    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    load(tiny_int8, threads=3).close()  # what onnxruntime keeps for itself is there now
    before = threads()
    with load(tiny_int8, threads=3) as model:
        model.embed([f"lamp {i}" for i in range(300)])
        assert threads() > before
    until = time.monotonic() + 10
    while threads() > before and time.monotonic() < until:
        time.sleep(0.01)  # a thread that was joined may be listed for a moment
    assert threads() == before


def test_closing_waits_for_runs_that_were_begun(
    tiny_int8: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    run = engine._run

    def slow_run(*given: Any) -> Any:
        begun.set()
        go_on.wait()
        return run(*given)

    model = load(tiny_int8, threads=2)
    monkeypatch.setattr(engine, "_run", slow_run)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(model.embed("lamp")))
    closing = threading.Thread(target=model.close)
    asking.start()
    begun.wait()
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    closing.join()
    asking.join()
    assert len(answers) == 1
    with pytest.raises(ClosedError, match=r"^this model is closed$"):
        model.engine.submit([], {}, list)


_SENDS_A_MODEL = """
import multiprocessing, sys
import numpy as np
from edgebert.runtimes import load

def embed(model):
    return model.embed(["turn on the lamp", "off"])

if __name__ == "__main__":
    with load(sys.argv[1], threads=2) as model:
        expected = embed(model)
        with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
            answers = pool.map_async(embed, [model, model]).get(timeout=100)
    sys.exit(not all(np.array_equal(answer, expected) for answer in answers))
"""


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_model_goes_to_worker_processes(tiny_int8: Path, tmp_path: Path, method: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(_SENDS_A_MODEL)
    assert _outcome([str(program), str(tiny_int8), method]) == (0, "")


def test_a_model_made_by_hand_goes_nowhere(tiny_int8: Path) -> None:
    loaded = load(tiny_int8)
    model = Model(loaded.bundle, loaded.engine, loaded.tokenizer)
    with pytest.raises(TypeError, match=r"only a model that edgebert\.load made"):
        pickle.dumps(model)


def test_a_model_goes_on_in_a_forked_process(tiny_int8: Path) -> None:
    """In a process of its own: what a child of the tests' process does must not reach them."""
    program = f"""
        import os, sys
        import numpy as np
        from edgebert.runtimes import load

        model = load({str(tiny_int8)!r}, threads=2)
        texts = {TEXTS!r}
        expected = model.embed(texts)          # callers and their threads are running
        child = os.fork()
        if child == 0:
            alone, together = model.embed(texts[0]), model.embed(texts)
            same = np.array_equal(alone, expected[0]) and np.array_equal(together, expected)
            os._exit(0 if same else 7)
        _, status = os.waitpid(child, 0)
        assert np.array_equal(model.embed(texts), expected)
        sys.exit(os.waitstatus_to_exitcode(status))
    """
    assert _outcome(["-c", textwrap.dedent(program)]) == (0, "")


def test_a_forked_process_ends_with_its_own_code(tiny_int8: Path) -> None:
    """By the way of every script, through the exit handlers of the libraries."""
    program = f"""
        import os, sys
        from edgebert.runtimes import load

        model = load({str(tiny_int8)!r}, threads=2)
        begun = model.embed(iter({TEXTS!r} * 9))
        next(begun)
        next(begun)
        child = os.fork()
        if child == 0:
            model.embed({TEXTS!r})
            try:
                list(begun)
            except Exception as error:
                print(error, file=sys.stderr)
            print("said in the child", flush=False)
            sys.exit(5)
        _, status = os.waitpid(child, 0)
        assert len(list(begun)) == {9 * len(TEXTS) - 2}
        sys.exit(os.waitstatus_to_exitcode(status))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    told = "this process was forked after these answers were asked for\n"
    assert (run.returncode, run.stdout, run.stderr) == (5, "said in the child\n", told)


def test_a_killed_worker_takes_nothing_with_it(tiny_int8: Path) -> None:
    with load(tiny_int8) as model:
        expected = model.embed(TEXTS)
        child = os.fork()
        if child == 0:  # killed in the middle of its work
            while True:
                model.embed(TEXTS)
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        assert np.array_equal(model.embed(TEXTS), expected)


def test_a_bundle_replaced_while_loaded_is_not_mixed_with_the_old_one(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, folder)
    model = load(folder, threads=2)
    expected = model.embed("lamp")
    sent = pickle.dumps(model)
    shutil.rmtree(folder)
    shutil.copytree(tiny_int8, folder)
    assert np.array_equal(model.embed("lamp"), expected)  # the session that is open is the old one
    with pytest.raises(BundleError, match="was replaced since it was loaded: load it again"):
        model.embed(TEXTS)  # which would open another one
    with pytest.raises(BundleError, match="was replaced since it was loaded: load it again"):
        pickle.loads(sent)


def test_what_onnxruntime_cannot_run_is_one_line(tiny_int8: Path) -> None:
    model = open_model(load(tiny_int8).bundle)
    rows = np.zeros((1, 100_000), np.int64)  # more tokens than there are positions
    with pytest.raises(BundleError, match=r"^onnxruntime cannot run the graph: [^\n]+$"):
        model.engine.run(["sentence_embedding"], dict.fromkeys(model.input_spec.names, rows))


def test_engines_of_one_thread_need_one_session(tiny_int8: Path) -> None:
    with load(tiny_int8, threads=1) as model:
        engine: Engine = model.engine
        model.embed(TEXTS)
        assert engine._callers_session() is engine.session
