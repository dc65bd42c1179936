"""Corpora and labelled files in, checkpoints out: pretraining, fine-tuning, distillation."""

from edgebert.training.distillation import distill
from edgebert.training.evaluation import evaluate, write_untrained
from edgebert.training.finetuning import SENTENCE_SIMILARITY, TASKS, finetune
from edgebert.training.options import DistillOptions, FinetuneOptions, PretrainOptions
from edgebert.training.pretraining import pretrain

__all__ = [
    "SENTENCE_SIMILARITY",
    "TASKS",
    "DistillOptions",
    "FinetuneOptions",
    "PretrainOptions",
    "distill",
    "evaluate",
    "finetune",
    "pretrain",
    "write_untrained",
]
