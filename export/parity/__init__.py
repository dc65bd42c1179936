"""A graph against what it was made of: the gate that every export must pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebert.export.parity.cases import default_atol, failed_parity, worst_parity

if TYPE_CHECKING:
    from edgebert.export.parity.gate import allowed_difference as allowed_difference
    from edgebert.export.parity.gate import matrix as matrix
    from edgebert.export.parity.gate import parity_cases as parity_cases

__all__ = [
    "allowed_difference",
    "default_atol",
    "failed_parity",
    "matrix",
    "parity_cases",
    "worst_parity",
]


def __getattr__(name: str) -> Any:
    """Import the side of PyTorch when it is first asked for: other references do without."""
    if name not in __all__:
        raise AttributeError(f"module 'edgebert.export.parity' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("edgebert.export.parity.gate"), name)
