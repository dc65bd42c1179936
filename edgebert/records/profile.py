"""How a machine runs a bundle best: settings that change its speed and never an answer."""

from __future__ import annotations

from dataclasses import dataclass

TOKENS_PER_RUN = 256
"""Tokens in one micro-batch: enough to keep the GEMMs busy, few enough to stay in cache."""


@dataclass(frozen=True)
class Profile:
    """How the cores are shared out.

    Attributes:
        callers: runs at a time when there is more than one micro-batch to run.
        caller_threads: threads of each of them.
        threads: of a run that is alone.
        spinning: whether idle threads of a run that is alone wait at work, for a moment: faster,
            and warmer.
        tokens_per_run: tokens in one micro-batch, padding included.
    """

    callers: int
    caller_threads: int
    threads: int
    spinning: bool = True
    tokens_per_run: int = TOKENS_PER_RUN


def untuned(cores: int) -> Profile:
    """One caller on each core: no barriers, and what runs on one thread does not hold up others."""
    return Profile(callers=cores, caller_threads=1, threads=cores)


def one_caller(cores: int, tokens_per_run: int = TOKENS_PER_RUN) -> Profile:
    """One run at a time on one session: a device has its own ways to share out its units."""
    return Profile(1, cores, cores, tokens_per_run=tokens_per_run)
