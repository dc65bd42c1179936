"""What a seat asks of a translator that it opened. Needs nothing but Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

Options = Mapping[str, str | int]
"""What a translator is opened with, or how it is asked, in its own words."""


class Engine(Protocol):
    """An opened translator."""

    def translate(
        self, texts: Sequence[str], *, beams: int, longest: int | None, options: Options
    ) -> list[str]:
        """Translations of texts, in their order.

        Args:
            texts: as they come.
            beams: 1 is greedy.
            longest: tokens of a target at most; None leaves the limit that the sources set.
            options: how texts are grouped, where the user says that.
        """


class Opens(Protocol):
    """A module of this folder."""

    def open_engine(self, model: Path, options: Options) -> Engine: ...
