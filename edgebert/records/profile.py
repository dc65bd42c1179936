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
        spinning: whether threads of a run that is alone keep their core while they wait for its
            next piece: faster, and warmer.
        tokens_per_run: tokens in one micro-batch, padding included.
        short_tokens: a run that is alone, and has no more tokens, goes as one of several would:
            it would gain less by the other cores than these lose by it.
    """

    callers: int
    caller_threads: int
    threads: int
    spinning: bool = True
    tokens_per_run: int = TOKENS_PER_RUN
    short_tokens: int = 0

    @property
    def cores(self) -> int:
        """Cores that are put to use."""
        return max(self.callers, self.threads)

    @property
    def one_session(self) -> bool:
        """Whether a run that is alone goes as one of several does."""
        alike = self.caller_threads == self.threads
        return alike and (self.callers == 1 or not self.spinning)


def untuned(cores: int, short_tokens: int = 0) -> Profile:
    """One caller on each core: no barriers, and what runs on one thread does not hold up others."""
    return Profile(callers=cores, caller_threads=1, threads=cores, short_tokens=short_tokens)


def one_caller(cores: int, tokens_per_run: int = TOKENS_PER_RUN) -> Profile:
    """One run at a time on one session: a device has its own ways to share out its units."""
    return Profile(1, cores, cores, tokens_per_run=tokens_per_run)
