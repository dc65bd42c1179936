"""What bundles and checkpoints are called on the page: the shortest ends of their paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from edgebert.records.checked import CheckRecord
from edgebert.records.header import Header
from edgebert.records.timed import BenchRecord


@dataclass(frozen=True)
class Names:
    """A name for every path, and for every bundle a colour that it keeps through the page.

    `repeated` holds the sides that are compared more than once, on different texts.
    """

    shortest: dict[str, str]
    colours: dict[str, int]
    repeated: frozenset[tuple[str, str]] = frozenset()

    def __getitem__(self, path: str) -> str:
        return self.shortest[path]

    def colour(self, path: str) -> int:
        return self.colours[path]

    def compared(self, check: CheckRecord) -> str:
        """The two sides of a check, with the file of texts where the sides alone say too little."""
        sides = f"{self[check.reference]} → {self[check.candidate]}"
        again = (check.reference, check.candidate) in self.repeated
        return f"{sides} ({PurePath(check.data).name})" if again else sides


def names_of(records: Sequence[Header]) -> Names:
    paths = list(dict.fromkeys(path for record in records for path in record.paths))
    timed = [bundle.path for r in records if isinstance(r, BenchRecord) for bundle in r.bundles]
    coloured = list(dict.fromkeys([*timed, *paths]))
    sides = Counter((r.reference, r.candidate) for r in records if isinstance(r, CheckRecord))
    return Names(
        shortest_names(paths),
        {path: i for i, path in enumerate(coloured)},
        frozenset(pair for pair, times in sides.items() if times > 1),
    )


def shortest_names(paths: Iterable[str]) -> dict[str, str]:
    """For each path as many of its last parts as tell it from all the others."""
    wanted = {path: PurePath(path).parts or (path,) for path in paths}
    return {path: _shortest(parts, wanted) for path, parts in wanted.items()}


def _shortest(parts: tuple[str, ...], wanted: dict[str, tuple[str, ...]]) -> str:
    for depth in range(1, len(parts)):
        alike = [other for other in wanted.values() if other[-depth:] == parts[-depth:]]
        if len(alike) == 1:
            return "/".join(parts[-depth:])
    return str(PurePath(*parts))
