"""What the system must bring."""

from __future__ import annotations

import shutil

from edgebert.errors import InputError


def tool(name: str, package: str) -> str:
    """The path of a tool of the system.

    Raises:
        InputError: it is not here.
    """
    found = shutil.which(name)
    if found is None:
        raise InputError(f"{name} is not here: apt-get install {package}")
    return found
