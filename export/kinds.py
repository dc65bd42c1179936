"""What an export of one kind of model does otherwise than that of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgebert.bundle import ModelFiles
from edgebert.export.parity.batches import Batch
from edgebert.records.made import ParityCase
from edgebert.records.manifest import Count, Manifest
from edgebert.references.pytorch_model import CheckpointModel


@dataclass(frozen=True)
class WrittenGraphs:
    """What was written.

    Attributes:
        coverage: expected and found counts of single operators, of all graphs together.
        lost: a sentence for each kind that is missing somewhere.
        unfused: what cannot be a single operator, and why.
    """

    coverage: dict[str, Count]
    lost: list[str]
    unfused: dict[str, str]


class Parity(Protocol):
    """The graphs of a bundle in the making beside their reference."""

    @property
    def batches(self) -> Sequence[Batch]:
        """The matrix of inputs."""
        ...

    def cases(self) -> tuple[ParityCase, ...]:
        """Compare them under our settings and onnxruntime's."""
        ...

    def allowed_difference(self, cases: Sequence[ParityCase]) -> float:
        """Largest absolute difference that passes where the caller names none."""
        ...


class Exported(Protocol):
    """A checkpoint that is exported."""

    @property
    def reference(self) -> CheckpointModel:
        """It in PyTorch."""
        ...

    def write_graphs(self, folder: Path) -> WrittenGraphs:
        """Write its graphs.

        Raises:
            CheckpointError: it cannot be traced, or not for this target or opset.
        """
        ...

    def manifest(self, folder: Path, sha256: str, written: WrittenGraphs) -> Manifest:
        """What is to be said of them, as yet without files and drift."""
        ...

    def write_beside(self, folder: Path) -> None:
        """Write the files that a bundle of its kind has beside the tokenizer of what it reads."""
        ...

    def parity(self, files: ModelFiles) -> Parity: ...
