"""How a model is trained: one frozen record of options for each of the three ways."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """What every training loop takes."""

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 5e-5
    seed: int = 42


@dataclass(frozen=True, kw_only=True)
class PretrainOptions(LoopOptions):
    """The size of the BERT and how it is pretrained; `max_length` is also its position table."""

    layers: int = 4
    hidden: int = 256
    vocab_size: int = 8000
    max_length: int = 128
    learning_rate: float = 5e-4


@dataclass(frozen=True, kw_only=True)
class FinetuneOptions(LoopOptions):
    """`max_length` defaults to the checkpoint's; `limit` trains on that many drawn examples.

    `multi_label` says that a text may have several labels: `|` separates them in a cell. So do lists
    of labels, and a checkpoint that is multi-label itself; else a cell is one label.
    """

    max_length: int | None = None
    limit: int | None = None
    multi_label: bool = False


@dataclass(frozen=True, kw_only=True)
class DistillOptions(LoopOptions):
    """`layers` of the student; `max_length` defaults to the teacher's."""

    layers: int
    max_length: int | None = None
