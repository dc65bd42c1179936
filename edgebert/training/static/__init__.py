"""A teacher to a table of static embeddings, the smallest student."""

from edgebert.training.static.making import distill_static

__all__ = ["distill_static"]
