"""The record of `edgebert tune`."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.header import Header
from edgebert.records.profile import Profile

MANY_TEXTS = "many texts"
ONE_TEXT = "one text"


@dataclass(frozen=True)
class Tried:
    """A profile that was measured.

    Attributes:
        use: `MANY_TEXTS`, from text to answer, or `ONE_TEXT`, as a single request.
        profile: the settings; for one text only `threads`, `spinning` and `short_tokens` matter,
            and `caller_threads` where it is short.
        ms: fastest pass through the texts of this use, which are the same for all profiles.
    """

    use: str
    profile: Profile
    ms: float


@dataclass(frozen=True, kw_only=True)
class TuneRecord(Header):
    """What was tried on this machine, and what it will use from now on.

    Attributes:
        bundle, sha256: what was tuned.
        provider: execution provider, by the name a user gives.
        cores: that were shared out.
        profile: the winner.
        faster: how many times faster it is than without tuning, by use; 1.0 where nothing is.
        tried: everything that was measured.
        kept_in: the file, or None where the user's cache cannot be written.
    """

    record: str = "tune"
    bundle: str
    sha256: str
    provider: str
    cores: int
    profile: Profile
    faster: dict[str, float]
    tried: tuple[Tried, ...]
    kept_in: str | None

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.bundle,)
