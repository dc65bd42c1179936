"""What a bundle is asked of every text, in a form that travels between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.data import Columns


@dataclass(frozen=True)
class Asking:
    """A command with its options.

    Attributes:
        bundle: its folder, under a path that all workers know.
        provider, kernels: as in `edgebert.load`.
        command: its name.
        task: name of the task that the bundle must have.
        options: of the method of `edgebert.runtimes.Model`, by their names.
        told: the same in words, by their names on the command line.
        pairs: whether pairs of texts are answered.
        named: columns of the texts, where they were named.
        format: how answers are laid out: an ending, without the dot.
    """

    bundle: Path
    provider: str
    kernels: str
    command: str
    task: str
    options: Mapping[str, Any]
    told: Mapping[str, str]
    pairs: bool
    named: Columns
    format: str

    def columns_of(self, path: Path) -> Columns | None:
        """The columns of one input; of a file that has none, none."""
        return self.named.of(path) if self.named.named else Columns()
