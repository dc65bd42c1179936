"""The graph against PyTorch: the gate that every export must pass."""

from edgebert.export.parity.matrix import DEFAULT_ATOL, failed_parity, parity_cases

__all__ = ["DEFAULT_ATOL", "failed_parity", "parity_cases"]
