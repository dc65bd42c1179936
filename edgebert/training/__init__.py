"""Corpora and labelled files in, checkpoints out: pretraining, fine-tuning, distillation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebert.training.options import (
    DistillOptions,
    FinetuneOptions,
    PretrainOptions,
    StaticOptions,
    TranslationOptions,
)

if TYPE_CHECKING:
    from edgebert.training.distillation import distill as distill
    from edgebert.training.evaluation import evaluate as evaluate
    from edgebert.training.evaluation import write_untrained as write_untrained
    from edgebert.training.finetuning import finetune as finetune
    from edgebert.training.pretraining import pretrain as pretrain
    from edgebert.training.static import distill_static as distill_static
    from edgebert.training.tasks.trainable import SENTENCE_SIMILARITY as SENTENCE_SIMILARITY
    from edgebert.training.tasks.trainable import TASKS as TASKS

_HOMES = {
    "SENTENCE_SIMILARITY": "tasks.trainable",
    "TASKS": "tasks.trainable",
    "distill": "distillation",
    "distill_static": "static",
    "evaluate": "evaluation",
    "finetune": "finetuning",
    "pretrain": "pretraining",
    "write_untrained": "evaluation",
}
__all__ = [
    "SENTENCE_SIMILARITY",
    "TASKS",
    "DistillOptions",
    "FinetuneOptions",
    "PretrainOptions",
    "StaticOptions",
    "TranslationOptions",
    "distill",
    "distill_static",
    "evaluate",
    "finetune",
    "pretrain",
    "write_untrained",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the command line reads the defaults of the options without torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edgebert.training' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"edgebert.training.{_HOMES[name]}"), name)
