"""How fast a server thinks that it reads, by which it refuses what would come too late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgebert.serving.pace import Pace

Runs = Callable[..., float]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Runs of 100 tokens that take some seconds each; gives the seconds for a thousand tokens."""
    now, reads = [0.0], Pace()
    monkeypatch.setattr("edgebert.serving.pace.time.perf_counter", lambda: now[0])

    def ran(*seconds: float) -> float:
        for each in seconds:
            now[0] += each
            reads.ran(100, busy=True)
        return reads.seconds(1000)

    ran(0)  # from its end on time is told
    return ran


def test_a_process_that_was_stopped_has_not_become_slow(runs: Runs) -> None:
    assert runs(*[0.01] * 50) == pytest.approx(0.1)
    assert runs(30.0) < 0.12
    assert runs(*[0.01] * 50) == pytest.approx(0.1, rel=0.02)


def test_one_that_has_become_slow_or_fast_shows_soon(runs: Runs) -> None:
    runs(*[0.01] * 50)
    assert runs(*[0.1] * 80) == pytest.approx(1, rel=0.2)
    assert runs(*[0.01] * 100) == pytest.approx(0.1, rel=0.2)
