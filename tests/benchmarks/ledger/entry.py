"""The entries of a ledger: figures with the version, the machine and the day they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from edgebert.records.codec import read_json, write_json
from edgebert.records.header import Header

FOLDER = Path(__file__).parent
_NOTABLE = 0.03
"""Share of a loss that has to be explained; less is what two runs of one version differ by."""


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        name: with the unit, "int8, short sentences, texts/s".
        value: as it was measured; of times the fastest pass.
        to_pytorch: value / the value of PyTorch in the same rounds, for speeds: machines of one
            class differ more from day to day than versions do.
        more_is_better: else less is.
        noise: by how much of itself the figure differed between passes.
    """

    name: str
    value: float
    to_pytorch: float | None = None
    more_is_better: bool = False
    noise: float = 0.0

    @property
    def compared(self) -> float:
        """What is held against the same figure of another entry."""
        return self.value if self.to_pytorch is None else self.to_pytorch


@dataclass(frozen=True, kw_only=True)
class Entry(Header):
    """One run of the table.

    Attributes:
        commit: what was measured.
        figures: the table.
        noisy: what disturbed the machine, in words.
        explained: why figures are worse than in the entry before, where some are.
    """

    record: str = "ledger"
    commit: str
    figures: tuple[Figure, ...]
    noisy: tuple[str, ...] = ()
    explained: str = ""


@dataclass(frozen=True)
class Ledger:
    """All entries of one class of CPU, the newest last."""

    entries: tuple[Entry, ...]
    format: int = 1


@dataclass(frozen=True)
class Loss:
    """A figure that became worse by the share `by`."""

    name: str
    before: float
    after: float
    by: float

    def __str__(self) -> str:
        return f"{self.name}: {self.before:.4g} -> {self.after:.4g} ({100 * self.by:.1f} % worse)"


def ledger_file(cpu_class: str) -> Path:
    return FOLDER / f"{cpu_class}.json"


def read_ledger(path: Path) -> Ledger:
    return read_json(Ledger, path, "ledger") if path.exists() else Ledger(())


def write_entry(entry: Entry, path: Path) -> None:
    write_json(Ledger((*read_ledger(path).entries, entry)), path)


def losses(before: Entry, after: Entry) -> Iterator[Loss]:
    """The figures that became worse by more than what has to be explained."""
    known = {figure.name: figure for figure in before.figures}
    for figure in after.figures:
        old = known.get(figure.name)
        if old is None or (old.to_pytorch is None) != (figure.to_pytorch is None):
            continue
        by = _worse_by(old.compared, figure.compared, more_is_better=figure.more_is_better)
        if by > _NOTABLE:
            yield Loss(figure.name, old.compared, figure.compared, by)


def unexplained(entries: Sequence[Entry]) -> Iterator[str]:
    """A sentence for each entry that is worse than the one before and does not say why."""
    for before, after in pairwise(entries):
        lost = ", ".join(loss.name for loss in losses(before, after))
        if lost and not after.explained:
            yield f"{after.commit} of {after.created[:10]} does not say why it lost: {lost}"


def _worse_by(before: float, after: float, *, more_is_better: bool) -> float:
    """Share of itself by which a figure became worse; negative where it became better."""
    if min(before, after) <= 0:  # a drop of accuracy, say, that is none
        return (
            0.0 if more_is_better == (after >= before) or before == after else abs(after - before)
        )
    return before / after - 1 if more_is_better else after / before - 1
