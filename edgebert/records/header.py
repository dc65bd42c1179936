"""What every record starts with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from edgebert.machine import Machine, this_machine
from edgebert.version import __version__


def now() -> str:
    """The time in UTC, to the second, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first keys of every record: its kind, its format, and where and when it was made."""

    record: str
    format: int = 1
    edgebert: str = __version__
    created: str = field(default_factory=now)
    machine: Machine = field(default_factory=this_machine)

    @property
    def paths(self) -> tuple[str, ...]:
        """The models that it is of, or the files, as it names them."""
        return ()
