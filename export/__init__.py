"""A checkpoint or somebody's ONNX in, an optimized and proved float graph out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgebert.export.exporting import export_model as export_model
    from edgebert.export.optimizing import OptimizeOptions as OptimizeOptions
    from edgebert.export.optimizing import optimize_export as optimize_export
    from edgebert.export.options import ExportOptions as ExportOptions

__all__ = ["ExportOptions", "OptimizeOptions", "export_model", "optimize_export"]

_HOMES = {
    "ExportOptions": "edgebert.export.options",
    "OptimizeOptions": "edgebert.export.optimizing",
    "export_model": "edgebert.export.exporting",
    "optimize_export": "edgebert.export.optimizing",
}


def __getattr__(name: str) -> Any:
    """Import a function when it is first asked for: optimizing needs neither PyTorch nor more."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edgebert.export' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
