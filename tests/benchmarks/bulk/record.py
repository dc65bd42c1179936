"""What a run of the benchmark has found."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.machine import Machine, this_machine


@dataclass(frozen=True)
class Way:
    """A way to answer all texts.

    Attributes:
        name: of it.
        wall_s: from the start of the command to its end.
        memory_mb: most memory of all its processes together; what they share is counted once.
        processes: most of them at a time.
        kills: processes that were killed meanwhile.
        sha256: over all outputs.
    """

    name: str
    wall_s: float
    memory_mb: float
    processes: int
    kills: int
    sha256: str


@dataclass(frozen=True)
class BulkRecord:
    """All ways.

    Attributes:
        bundle: that answers.
        texts: how many, in how many files, of how many characters on average.
        load: of the machine before the first.
    """

    bundle: str
    texts: int
    files: int
    mean_characters: float
    load: float
    ways: tuple[Way, ...]
    versions: dict[str, str]
    record: str = "bench-bulk"
    format: int = 1
    machine: Machine = field(default_factory=this_machine)

    @property
    def alike(self) -> bool:
        """Whether all ways ended with the same bytes."""
        return len({way.sha256 for way in self.ways}) == 1
