"""Where candidates run while they are compared: as `edgebert.load` runs them, or elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from edgebert.bundle import ModelFiles
from edgebert.machine import this_machine
from edgebert.quantize.search.racing import TOKENS, race
from edgebert.runtimes import Model
from edgebert.runtimes.loading import open_files
from edgebert.runtimes.sessions.session import open_graph


class Place(Protocol):
    """What runs graphs and times them.

    Attributes:
        about: all that a time depends on there, as one string.
    """

    @property
    def about(self) -> str: ...

    def open_graph(
        self, path: Path, *, threads: int | None = None, widen: bool = True, spinning: bool = True
    ) -> Any:
        """A session, see `edgebert.runtimes.sessions.session.open_graph`."""

    def open_model(self, files: ModelFiles) -> Model:
        """What is to become a bundle."""

    def race(
        self, graphs: Mapping[str, Path], *, widened: Collection[str], tokens: int = TOKENS
    ) -> dict[str, float]:
        """See `edgebert.quantize.search.racing.race`."""


class _Here:
    """The CPU of this machine, by onnxruntime in this process."""

    @property
    def about(self) -> str:
        machine = this_machine()
        return f"{machine.cpu} {machine.features} {machine.versions.get('onnxruntime')}"

    open_graph = staticmethod(open_graph)
    open_model = staticmethod(open_files)
    race = staticmethod(race)


HERE: Place = _Here()
