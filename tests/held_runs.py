"""Runs of graphs that stop until a test lets them go on: what waits behind them can be looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from edgebert.runtimes.sessions import engine


class HeldRuns:
    """Every run that begins, in order, once `hold` was called.

    Attributes:
        texts: of each run its token ids, text by text, without padding.
        sessions: that ran them.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[list[tuple[int, ...]]] = []
        self.sessions: list[Any] = []
        self.failing: Callable[[list[tuple[int, ...]]], bool] = lambda texts: False
        self._run = engine._run
        self._go = threading.Event()
        self._go.set()
        self._begun = threading.Semaphore(0)
        monkeypatch.setattr(engine, "_run", self._held)

    def hold(self) -> None:
        """Let no run go on."""
        self._go.clear()

    def let_go(self) -> None:
        self._go.set()

    def wait_for_one(self) -> None:
        """Wait until one more run has begun."""
        assert self._begun.acquire(timeout=60)

    def _held(self, session: Any, outputs: Any, inputs: Any) -> Any:
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        texts = [
            tuple(map(int, row[: int(kept.sum())])) for row, kept in zip(ids, mask, strict=True)
        ]
        self.texts.append(texts)
        self.sessions.append(session)
        self._begun.release()
        assert self._go.wait(timeout=60)
        if self.failing(texts):
            raise MemoryError("no room for this run")
        return self._run(session, outputs, inputs)
