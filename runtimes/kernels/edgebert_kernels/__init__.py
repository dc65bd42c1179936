"""The library of operators that edgebert's runtime gives to onnxruntime, for this platform."""

from __future__ import annotations

from pathlib import Path

from edgebert_kernels.platforms import PLATFORMS, Platform

__version__ = "0.1.0"
__all__ = ["__version__", "library", "platform"]


def library() -> Path:
    """The shared library, as `SessionOptions.register_custom_ops_library` takes it.

    Raises:
        FileNotFoundError: it is not there, as in sources that were not built.
    """
    return Path(__file__).parent / platform().library


def platform() -> Platform:
    """The platform that this package was built for, and whether it was ever run there.

    Raises:
        FileNotFoundError: as in `library`.
    """
    here = Path(__file__).parent
    for one in PLATFORMS:
        if (here / one.library).is_file():
            return one
    raise FileNotFoundError(f"{here} holds no library: build a wheel (runtimes/kernels/README.md)")
