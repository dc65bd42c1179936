"""The wheels that bring the module onnxruntime: there is one for each family of providers.

All of them write the same files, so that of two in one environment the later one overwrites half
of the earlier one, and providers disappear without a word.
"""

from __future__ import annotations

import warnings

from edgebert.machine import onnxruntime_wheels


def both_installed() -> str | None:
    """Names and versions of the wheels, or None where there is not more than one."""
    wheels = onnxruntime_wheels()
    return " and ".join(f"{n} {v}" for n, v in wheels.items()) if len(wheels) > 1 else None


def swap_wheels(extra: str) -> str:
    """The commands that leave one wheel, the one of an extra of edgebert."""
    wheels = " ".join(onnxruntime_wheels())
    install = f"pip install 'edgebert[{extra}]'"
    return f"pip uninstall -y {wheels}, then {install}" if wheels else install


def overwritten_wheels(extra: str | None) -> str | None:
    """What is wrong where two wheels are installed, and the way out; None where all is well.

    Args:
        extra: of edgebert, which names the wheel to keep.
    """
    both = both_installed()
    return both and f"{both} overwrite each other: {swap_wheels(extra or 'cpu')}"


def warn_of_overwritten_wheels(extra: str | None) -> None:
    """Warn where two wheels are installed: what runs may be half of each."""
    if found := overwritten_wheels(extra):
        warnings.warn(found, RuntimeWarning, stacklevel=2)
