"""A teacher to a smaller student."""

from edgebert.training.distillation.teaching import distill

__all__ = ["distill"]
