"""How the commands that train run, and what they show."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from edgebert.cli.boundary import record_to
from edgebert.cli.make.trimmed import trimmed_text
from edgebert.cli.tables import table
from edgebert.records.trained import LOSS

if TYPE_CHECKING:
    from edgebert.records.trained import TrainingRecord

_METRICS = 3  # that have room in a terminal
PACKAGES = ("torch", "transformers", "safetensors")


def run_training(json_path: Path | None, run: Callable[[], TrainingRecord]) -> None:
    """Run a step that trains and tell its record; of several processes the first one does."""
    if os.environ.get("RANK", "0") == "0":
        record_to(json_path, run, show_training)
        return
    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing):
        run()


def show_training(record: TrainingRecord) -> str:
    title = (
        f"{record.checkpoint}: {record.shape}, "
        f"{record.parameters / 1e6:.1f} M parameters, {record.examples} examples, "
        f"{record.seconds:.0f} s"
    )
    vocabulary = trimmed_text(record.trimmed_vocabulary).splitlines()
    parts = (_labels_of(record), vocabulary, _curve_of(record), _kept_of(record))
    return "\n".join([title, *chain.from_iterable(parts)])


def _curve_of(record: TrainingRecord) -> Iterator[str]:
    """What each look at dev found, or without dev the loss of each epoch."""
    if record.evaluations:
        header, rows = _looks(record)
    else:
        header = ("epoch", "loss", "s")
        rows = [(e.epoch, f"{e.loss:.4f}", f"{e.seconds:.0f}") for e in record.epochs]
    if rows:
        yield table(header, rows)


def _looks(record: TrainingRecord) -> tuple[Sequence[str], list[Sequence[object]]]:
    """A row for each look at dev: how far the run was, and the loss since the look before."""
    names = [name for name in record.evaluations[0].scores if name != LOSS]
    names = sorted(names, key=lambda name: name != record.metric)[:_METRICS]
    losses = [LOSS] if LOSS in record.evaluations[0].scores else []
    header = ("step", "epoch", "loss", *(f"dev {name}" for name in (*names, *losses)))
    per_epoch = record.examples / record.step_size
    rows: list[Sequence[object]] = []
    before = 0
    for look in record.evaluations:
        points = [point.loss for point in record.curve if before < point.step <= look.step]
        passes = look.step / per_epoch
        rows.append(
            (
                f"{look.step:,}",
                f"{passes:.1f}".removesuffix(".0"),
                f"{sum(points) / len(points):.4f}" if points else "",
                *(f"{look.scores[name]:.2f}" for name in names),
                *(f"{look.scores[name]:.4f}" for name in losses),
            )
        )
        before = look.step
    return header, rows


def _kept_of(record: TrainingRecord) -> Iterator[str]:
    """Which weights were kept, and how the run went."""
    if not record.curve:
        return
    kept = f"kept the last of {record.steps:,} steps"
    if record.best_step:
        kept = f"kept step {record.best_step:,} of {record.steps:,}, the best by {record.metric}"
    last = record.curve[-1]
    rate = last.step * record.step_size / max(last.seconds, 1e-9)
    shared = f" in {record.processes} processes" if record.processes > 1 else ""
    yield f"{kept}; {record.precision} on {record.device}{shared}, {rate:.0f} examples/s"


def _labels_of(record: TrainingRecord) -> Iterator[str]:
    """How the labels of a file were understood."""
    if not record.labels:
        return
    each = "any number of them" if record.multi_label else "one"
    named = ", ".join(record.labels[:8]) + (", ..." if len(record.labels) > 8 else "")
    yield f"{len(record.labels)} labels, a text has {each}: {named}"
    if not record.multi_label and any("|" in label for label in record.labels):
        yield "the | in them is part of a name; --multi-label would separate labels there"
