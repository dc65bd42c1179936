"""How the commands that train run, and what they show."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from edgebert.cli.boundary import record_to
from edgebert.cli.tables import table

if TYPE_CHECKING:
    from edgebert.records.trained import TrainingRecord

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
        f"{record.checkpoint}: {record.layers} layers, hidden {record.hidden}, "
        f"{record.parameters / 1e6:.1f} M parameters, {record.examples} examples, "
        f"{record.seconds:.0f} s"
    )
    lines = [title, *_labels_of(record)]
    if record.epochs:
        rows = [
            (e.epoch, f"{e.loss:.4f}", "" if e.dev is None else f"{e.dev:.2f}", f"{e.seconds:.0f}")
            for e in record.epochs
        ]
        lines.append(table(("epoch", "loss", f"dev {record.metric or ''}".strip(), "s"), rows))
    return "\n".join(lines)


def _labels_of(record: TrainingRecord) -> Iterator[str]:
    """How the labels of a file were understood."""
    if not record.labels:
        return
    each = "any number of them" if record.multi_label else "one"
    named = ", ".join(record.labels[:8]) + (", ..." if len(record.labels) > 8 else "")
    yield f"{len(record.labels)} labels, a text has {each}: {named}"
    if not record.multi_label and any("|" in label for label in record.labels):
        yield "the | in them is part of a name; --multi-label would separate labels there"
