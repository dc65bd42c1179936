"""Curves of a run as TensorBoard reads them, while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgebert.errors import InputError, MissingExtra
from edgebert.records.trained import Evaluation, LossPoint
from edgebert.training.loop.fit import Watch
from edgebert.training.loop.processes import running

_FLUSH_S = 10


@contextmanager
def watched(folder: Path | None, output: Path) -> Iterator[Watch]:
    """Yield what writes the points of a run into `folder`, under the name of its output.

    So TensorBoard shows the runs of one folder side by side. Of several processes the first writes.

    Raises:
        InputError: the curves would lie in the output itself.
        MissingExtra: tensorboard is not installed.
    """
    if folder is None or not running().first:
        yield lambda point: None
        return
    if (folder / output.name).resolve() == output.resolve():
        raise InputError(f"--tensorboard {folder} holds the output {output}: choose another folder")
    board = _Board(folder / output.name)
    try:
        yield board.add
    finally:
        board.close()


class _Board:
    """A folder of events; nothing is written before there is a point."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtra("--tensorboard", "tensorboard") from error
        self._open = SummaryWriter
        self._folder = folder
        self._writer: Any = None

    def add(self, point: LossPoint | Evaluation) -> None:
        if self._writer is None:
            # what an earlier run of this name wrote from this step on no longer counts
            self._writer = self._open(str(self._folder), purge_step=point.step, flush_secs=_FLUSH_S)
        for name, value in _scalars(point):
            self._writer.add_scalar(name, value, point.step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _scalars(point: LossPoint | Evaluation) -> Iterator[tuple[str, float]]:
    if isinstance(point, Evaluation):
        yield from ((f"dev/{name}", value) for name, value in point.scores.items())
    else:
        yield "train/loss", point.loss
        yield "train/learning_rate", point.learning_rate
