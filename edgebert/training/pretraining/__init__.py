"""A corpus to a vocabulary and a BERT."""

from edgebert.training.pretraining.bert import pretrain

__all__ = ["pretrain"]
