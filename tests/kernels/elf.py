"""What a library of Linux needs of a system, and what it exports."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kernels.tools import tool

_EXPORTS = {
    "RegisterCustomOps",
    "edgebert_kernels_arithmetic",
    "edgebert_kernels_bf16",
    "edgebert_kernels_choose",
    "edgebert_kernels_chosen",
    "edgebert_kernels_classes",
}
_NEEDED = {"libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-aarch64.so.1"}
_GLIBC = (2, 17)


def broken_elf(listing: str) -> Iterator[str]:
    """A sentence for each thing in a library of Linux that does not belong there.

    Args:
        listing: of the library, as `listed` gives it.
    """
    needed = set(re.findall(r"Shared library: \[(.*?)\]", listing))
    if needed - _NEEDED:
        yield f"it needs {', '.join(sorted(needed - _NEEDED))}"
    exports = set(re.findall(r"(?:FUNC|OBJECT)\s+(?:GLOBAL|WEAK)\s+DEFAULT\s+\d+ (\S+)", listing))
    if exports != _EXPORTS:
        yield f"it exports {', '.join(sorted(exports ^ _EXPORTS))} too much or too little"
    for version in sorted(set(re.findall(r"@GLIBC_([\d.]+)", listing))):
        if tuple(map(int, version.split("."))) > _GLIBC:
            yield f"it needs glibc {version}"


def listed(library: Path) -> str:
    """What `readelf` prints of a library.

    Raises:
        InputError: binutils are not here.
    """
    command = [tool("readelf", "binutils"), "--wide", "--dynamic", "--dyn-syms", str(library)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
