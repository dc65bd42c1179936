"""The sessions of one graph, and how runs share the cores between them.

A run that is alone gets all cores, unless it is too short to gain by them. Runs that come together
get one thread each, which is faster for all of them: no barriers, and what onnxruntime does on one
thread holds up nobody else. Both give the same bits.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet

from edgebert.arrays import Array, Integers
from edgebert.errors import BundleError, ClosedError
from edgebert.records.profile import Profile
from edgebert.runtimes.batches import InputSpec
from edgebert.runtimes.sessions.reasons import reason_of

if TYPE_CHECKING:
    import onnxruntime

R = TypeVar("R")


class OpenSession(Protocol):
    """Opens a graph for runs of so many threads, which spin while they wait, or do not."""

    def __call__(self, *, threads: int, spinning: bool) -> onnxruntime.InferenceSession: ...


class Engine:
    """Runs one graph, from any thread.

    Args:
        open_session: opens the graph; called once now, and later for sessions of other settings.
        profile: how the cores are shared out.
    """

    _alone: onnxruntime.InferenceSession | None
    _together: onnxruntime.InferenceSession | None
    _pool: ThreadPoolExecutor | None

    def __init__(self, open_session: OpenSession, profile: Profile) -> None:
        self.profile = profile
        self._open = open_session
        self._start()
        session = self._callers_session() if profile.short_tokens else self.session
        self.input_spec = InputSpec.of(session)
        self.provider = str(session.get_providers()[0])
        self.widths = {output.name: output.shape[-1] for output in session.get_outputs()}
        _ENGINES.add(self)

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The session for a run that is alone and not short."""
        with self._lock:
            if self._closed:
                raise ClosedError(_CLOSED)
            if self._alone is None:
                threads, spinning = self.profile.threads, self.profile.spinning
                self._alone = self._open(threads=threads, spinning=spinning)
            return self._alone

    @property
    def callers_session(self) -> onnxruntime.InferenceSession:
        """The session for runs that others run beside."""
        return self._callers_session()

    @property
    def closed(self) -> bool:
        """Whether runs raise ClosedError."""
        return self._closed

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Integers]) -> list[Array]:
        """Run one batch now, in this thread.

        Raises:
            ClosedError: the model is closed.
            BundleError: onnxruntime cannot run the graph, for want of memory for example.
        """
        with self._turns, self._counted() as runs:
            alone = runs == 1 and self.profile.short_tokens < _tokens(inputs)
            session = self.session if alone else self._callers_session()
            return _run(session, outputs, inputs)

    def run_beside_others(
        self, outputs: Sequence[str], inputs: Mapping[str, Integers]
    ) -> list[Array]:
        """Run one batch of several now, in this thread, on its share of the cores; raises as `run`."""
        with self._counted():
            return _run(self._callers_session(), outputs, inputs)

    def submit(
        self,
        outputs: Sequence[str],
        inputs: Mapping[str, Integers],
        keep: Callable[[list[Array]], R],
    ) -> Future[R]:
        """Run one batch of several, as soon as one of the callers is free; raises as `run`.

        Args:
            outputs, inputs: names, and what the graph takes.
            keep: makes of the outputs what is kept of them until somebody asks for it.
        """
        session = self._callers_session()
        with self._lock:
            if self._closed:
                raise ClosedError(_CLOSED)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.profile.callers, "edgebert")
            return self._pool.submit(self._run_in_pool, session, outputs, inputs, keep)

    def close(self) -> None:
        """Give the memory back; runs that were begun are finished first."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        with self._idle:
            self._idle.wait_for(lambda: self._runs == 0)
            self._alone = self._together = None

    def restart_in_child(self) -> None:
        """Leave the sessions to the parent of this forked process: their threads are not here.

        They are never freed, at the end of the process neither: that would wait for those threads.
        """
        import ctypes

        left = ctypes.py_object((self._alone, self._together, self._pool))
        ctypes.pythonapi.Py_IncRef(left)
        closed = self._closed
        self._start()
        self._closed = closed

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._idle = threading.Condition(self._lock)
        self._turns = threading.Semaphore(self.profile.callers)
        self._runs = 0
        self._closed = False
        self._alone = self._together = self._pool = None

    def _callers_session(self) -> onnxruntime.InferenceSession:
        if self.profile.one_session:
            return self.session
        with self._lock:
            if self._closed:
                raise ClosedError(_CLOSED)
            if self._together is None:
                threads = self.profile.caller_threads
                self._together = self._open(threads=threads, spinning=False)
            return self._together

    def _run_in_pool(
        self, session: Any, outputs: Sequence[str], inputs: Any, keep: Callable[[list[Array]], R]
    ) -> R:
        with self._counted():
            return keep(_run(session, outputs, inputs))

    @contextmanager
    def _counted(self) -> Iterator[int]:
        """Yield how many runs there are now, this one included."""
        with self._lock:
            self._runs += 1
            runs = self._runs
        try:
            yield runs
        finally:
            with self._idle:
                self._runs -= 1
                self._idle.notify_all()


def _tokens(inputs: Mapping[str, Integers]) -> int:
    """Tokens of a batch, padding included: each input holds one integer for each."""
    return next(iter(inputs.values())).size


def _run(session: Any, outputs: Sequence[str], inputs: Mapping[str, Integers]) -> list[Array]:
    try:
        answers: list[Array] = session.run(list(outputs), dict(inputs))
    except Exception as error:  # onnxruntime's errors share no public base class
        raise BundleError(f"onnxruntime cannot run the graph: {reason_of(error)}") from error
    return answers


def _restart_in_child() -> None:
    # tokenizers works on one thread in a forked process, and says so on stderr unless told to.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for engine in _ENGINES:
        engine.restart_in_child()
    _skip_exit_handlers_of_libraries()


def _skip_exit_handlers_of_libraries() -> None:
    """Let this forked process end: a handler of onnxruntime waits for threads that are not here.

    What is registered last runs first: after Python has ended everything of its own, with the exit
    code kept. Elsewhere than in glibc such a process has to leave by `os._exit`.
    """
    import ctypes

    with suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.on_exit(libc._exit, None)


_CLOSED = "this model is closed"
_ENGINES: WeakSet[Engine] = WeakSet()

if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_restart_in_child)
