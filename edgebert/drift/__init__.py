"""How far two sources of answers disagree on the same texts."""

from edgebert.drift.checking import check

__all__ = ["check"]
