"""One queue of texts for all models of a process, and the threads that run what waits in it.

No request waits for others to come: a caller that is free takes what is there. Under load that is
a full run, because requests come while others run.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from weakref import WeakSet

from edgebert.bounds import check_number
from edgebert.errors import ClosedError, InputError, OverloadedError
from edgebert.machine import available_cores
from edgebert.runtimes.queueing.answers import raised, tell, was_read
from edgebert.runtimes.queueing.desks import ItemDesk, Runs
from edgebert.runtimes.queueing.job import Item, Job
from edgebert.runtimes.queueing.lane import Lane, Turn
from edgebert.runtimes.queueing.told import Submitted


class TextQueue:
    """Requests of all models that are put on it; safe to use from any thread.

    Args:
        threads: runs at a time; by default the cores that affinity and cgroup grant.
        max_waiting_tokens: how many tokens may wait; None for any number.
        on_run: told of each run its texts and its tokens, padding aside, in the thread that ran.

    Attributes:
        waiting_tokens: tokens that wait for their run, those of texts that nobody tokenized yet
            by their characters.
    """

    _pool: ThreadPoolExecutor | None
    _aside: ThreadPoolExecutor | None

    def __init__(
        self,
        threads: int | None = None,
        *,
        max_waiting_tokens: int | None = None,
        on_run: Callable[[int, int], None] | None = None,
    ) -> None:
        if max_waiting_tokens is not None:
            check_number("max_waiting_tokens", max_waiting_tokens, 1)
        self.threads = available_cores() if threads is None else check_number("threads", threads, 1)
        self.max_waiting_tokens = max_waiting_tokens
        self._on_run = on_run
        self._lanes: WeakSet[Lane] = WeakSet()
        self._closed = False
        self.restart_in_child()
        _QUEUES.add(self)

    def close(self) -> None:
        """End the threads, once runs have ended; what waits for one fails with ClosedError."""
        with self._lock:
            self._closed = True
            pools = self._pool, self._aside
            lanes = list(self._lanes)
        for lane in lanes:
            self._refuse(lane, "this queue is closed")
        for pool in pools:
            if pool is not None:
                pool.shutdown()

    def restart_in_child(self) -> None:
        """Begin anew in a forked process: callers, and who waits for them, are in the parent."""
        self._lock = threading.Lock()
        self._listed: deque[Lane] = deque()
        self._active = 0
        self._pool = self._aside = None
        self.waiting_tokens = 0
        for lane in self._lanes:
            lane.restart()

    # What models do.

    def lane_of(self, runs: Runs) -> Lane:
        """A lane for one more model."""
        lane = Lane(runs, min(runs.callers, self.threads))
        with self._lock:
            self._lanes.add(lane)
        return lane

    def close_lane(self, lane: Lane) -> None:
        """Refuse what waits for a graph, and all that comes."""
        with self._lock:
            lane.closed = True
        self._refuse(lane, "this model is closed")

    def put(self, lane: Lane, job: Job) -> Submitted:
        """Let a request wait for its runs; raises as `Model.submit`."""
        submitted = job.submitted = Submitted(partial(self._drop, lane, job))
        with self._lock:
            self._admit(lane, job)
            lane.jobs.add(job)
            self._count(job)
            if not job.quick:
                lane.prepare(job)
                self._wake(lane)
        if job.quick:
            self._prepare(lane, job)
        return submitted

    def _admit(self, lane: Lane, job: Job) -> None:
        if self._closed or lane.closed:
            raise ClosedError(f"this {'model' if lane.closed else 'queue'} is closed")
        most = self.max_waiting_tokens
        if most is None or not job.bounded:
            return
        if job.unread > most:
            raise InputError(
                f"a request of about {job.unread} tokens, where max_waiting_tokens={most}: "
                "send fewer texts at a time"
            )
        if self.waiting_tokens + job.unread > most:
            raise OverloadedError(self.waiting_tokens, most)

    def _drop(self, lane: Lane, job: Job) -> bool:
        """Take a request out of the queue; say whether it was there."""
        with self._lock:
            return self._take_out(lane, job)

    def _take_out(self, lane: Lane, job: Job) -> bool:
        if job.done:
            return False
        lane.remove(job)
        self._count(job)
        return True

    def _refuse(self, lane: Lane, why: str) -> None:
        with self._lock:
            waiting = [job for job in lane.jobs if lane.waits(job)]
        for job in waiting:
            self._fail(lane, job, ClosedError(why))

    def _count(self, job: Job) -> None:
        tokens = job.unread + job.queued
        self.waiting_tokens += tokens - job.counted
        job.counted = tokens

    # What callers do. They are as many as there is work for, and end when there is none.

    def _wake(self, lane: Lane) -> None:
        self._prepare_aside(lane)
        if not lane.listed and lane.takes:
            lane.listed = True
            self._listed.append(lane)
        self._wake_another()

    def _wake_another(self) -> None:
        """Have one more caller begin where there is something to do; it will wake the next."""
        if self._closed or self._active == self.threads:
            return
        if not any(lane.takes for lane in self._listed):
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "edgebert-queue")
        try:
            self._pool.submit(self._work)
        except RuntimeError as error:  # the process ends: no thread begins any more
            if self._active:
                return
            raise ClosedError("this process ends: nothing runs any more") from error
        self._active += 1

    def _prepare_aside(self, lane: Lane) -> None:
        """Have a thread of its own tokenize what would hold up everybody's turns for seconds."""
        while lane.aside and not self._closed:
            if self._aside is None:
                self._aside = ThreadPoolExecutor(1, "edgebert-long-texts")
            self._aside.submit(self._prepare, lane, lane.aside.popleft())

    def _work(self) -> None:
        try:
            self._work_while_there_is_some()
        except BaseException:  # a bug: the next request finds another caller
            with self._lock:
                self._active -= 1
            raise

    def _work_while_there_is_some(self) -> None:
        while True:
            with self._lock:
                taken = self._take()
                if taken is None:
                    self._active -= 1
                    return
                self._wake_another()
            lane, work = taken
            if isinstance(work, Job):
                self._prepare(lane, work)
            else:
                self._work_at(work.desk, lane, work.items)

    def _take(self) -> tuple[Lane, Job | Turn] | None:
        """What is next: models take turns, and the requests of each."""
        for _ in range(len(self._listed)):
            lane = self._listed.popleft()
            work = lane.take(self.threads - self._active)
            self._prepare_aside(lane)
            lane.listed = lane.takes
            if lane.listed:
                self._listed.append(lane)
            if work is None:
                continue
            if isinstance(work, Turn):
                self._begun(work.items)
            return lane, work
        return None

    def _begun(self, items: Iterable[Item]) -> None:
        for job in {item.job for item in items}:
            self._count(job)

    def _prepare(self, lane: Lane, job: Job) -> None:
        try:
            piece = job.piece()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
            self._fail(lane, job, error)
            return
        with self._lock:
            if job.done:
                return
            lane.prepared(job, piece)
            self._count(job)
            self._wake(lane)
            finished = self._finished(lane, job, 0)
        if finished:
            tell(job)

    def _work_at(self, desk: ItemDesk, lane: Lane, items: list[Item]) -> None:
        """Work at a desk until nothing is left there, or others wait for their turn."""
        more: list[Item] | None = items
        while more is not None:
            done = desk.turn(more)
            ended = time.perf_counter()
            with self._lock:
                more = self._more(desk, lane)
                if more is None:
                    lane.idle.append(desk)
                self._wake(lane)
            if done:
                self._tell(lane, done, ended)

    def _more(self, desk: ItemDesk, lane: Lane) -> list[Item] | None:
        """What comes to a desk that has something left to do; None where its caller leaves it."""
        everybody_works = self._active == self.threads
        if not desk.busy or (everybody_works and any(each.takes for each in self._listed)):
            return None
        items = lane.more(desk, self.threads - self._active)
        self._begun(items)
        return items

    def _tell(self, lane: Lane, done: Sequence[tuple[Item, Any]], ended: float) -> None:
        """Make the answers of what was found, and tell whoever has all of them."""
        whole: list[Item] = []
        failed: dict[Job, Exception] = {}
        with self._lock:
            for item, row in done:
                if isinstance(row, Exception):
                    failed[item.job] = row
                elif not item.job.done:
                    item.job.ended = ended
                    if item.slot.keep(item.part, row):
                        whole.append(item)
        read = Counter(item.job for item in whole if was_read(item, failed))
        for job, error in failed.items():
            self._fail(lane, job, error)
        with self._lock:
            finished = [job for job, n in read.items() if self._finished(lane, job, n)]
        for job in finished:
            tell(job)
        if self._on_run is not None:
            self._on_run(len(done), sum(item.length for item, _ in done))

    def _finished(self, lane: Lane, job: Job, texts: int) -> bool:
        """Count answers to so many texts of a request; say whether they were the last."""
        if job.done:
            return False
        job.unfinished -= texts
        return not job.unfinished and self._take_out(lane, job)

    def _fail(self, lane: Lane, job: Job, error: Exception) -> None:
        if self._drop(lane, job) and job.submitted is not None:
            submitted, job.submitted = job.submitted, None
            submitted.settle(partial(raised, error))


def _restart_in_child(queues: Iterable[TextQueue]) -> None:
    for queue in queues:
        queue.restart_in_child()


_QUEUES: WeakSet[TextQueue] = WeakSet()

if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=partial(_restart_in_child, _QUEUES))
