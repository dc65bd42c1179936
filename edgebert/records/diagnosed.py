"""Records of whether a device answers as it should: doctor."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.header import Header


@dataclass(frozen=True)
class DoctorCheck:
    """One thing that doctor looked at.

    Attributes:
        cause: of a failure, most likely: changed file, version, provider, tokenizer, saturation,
            cpu or graph.
        way_out: what to do about it.
    """

    name: str
    passed: bool
    detail: str
    cause: str | None = None
    way_out: str | None = None

    @property
    def found(self) -> str:
        """The detail and, of a failure, its likely cause and the way out."""
        return self.detail + (f" (likely {self.cause}: {self.way_out})" if self.cause else "")


@dataclass(frozen=True, kw_only=True)
class DoctorRecord(Header):
    """Whether this device gives the answers that a bundle promises.

    Attributes:
        fingerprint: of the bundle's answers.
    """

    record: str = "doctor"
    bundle: str
    passed: bool
    checks: tuple[DoctorCheck, ...]
    fingerprint: str | None = None

    @property
    def ways_out(self) -> tuple[str, ...]:
        """Each likely cause of a failure with its way out, once."""
        failed = [check for check in self.checks if check.cause]
        return tuple(dict.fromkeys(f"likely {check.cause}: {check.way_out}" for check in failed))

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.bundle,)
