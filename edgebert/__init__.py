"""edgebert: from a BERT checkpoint to a small, proved int8 bundle that runs without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebert.version import __version__

if TYPE_CHECKING:
    from edgebert.drift import check as check
    from edgebert.latency import bench as bench
    from edgebert.runtimes import load as load

__all__ = ["__version__", "bench", "check", "load"]

_HOMES = {"load": "edgebert.runtimes", "check": "edgebert.drift", "bench": "edgebert.latency"}


def __getattr__(name: str) -> Any:
    """Import a public function when it is first asked for, so that importing edgebert is light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edgebert' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
