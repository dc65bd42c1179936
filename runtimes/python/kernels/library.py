"""The library of kernels, which comes from the installed wheel `edgebert-kernels` and nowhere else."""

from __future__ import annotations

import csv
import ctypes
import hashlib
import warnings
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from edgebert.bounds import check_choice
from edgebert.errors import ProviderError

ARITHMETIC = 1
"""The arithmetic that this version knows, of the library and of what graphs are rewritten to.

Whoever changes a bit of an answer in either counts on: bundles that were measured by another one
stay on onnxruntime until they are measured again.
"""

INSTALL = "pip install 'edgebert[native]'"
REINSTALL = "pip install --force-reinstall edgebert-kernels"


@dataclass(frozen=True)
class KernelLibrary:
    """A library that was loaded, and that counts as this version of edgebert does.

    Attributes:
        path: of the shared library, which onnxruntime registers.
        version: of the wheel.
        arithmetic: its number.
        instruction_sets: those that it has kernels for and this CPU has, the best first.
        bf16: whether this CPU multiplies numbers of bfloat16.
    """

    path: Path
    version: str
    arithmetic: int
    instruction_sets: tuple[str, ...]
    bf16: bool
    functions: Any = field(repr=False, compare=False)

    @property
    def instruction_set(self) -> str:
        """The one that sessions opened from now on use."""
        chosen: bytes = self.functions.edgebert_kernels_chosen()
        return chosen.decode()

    def choose(self, instruction_set: str) -> None:
        """Have sessions that are opened from now on use this instruction set; "" is the best.

        It is for tests and benchmarks: the answers are the same bits.

        Raises:
            InputError: there is none of that name here.
        """
        check_choice("instruction_set", instruction_set, ("", *self.instruction_sets))
        self.functions.edgebert_kernels_choose(instruction_set.encode())


def find_library() -> KernelLibrary | None:
    """The installed library, or None where there is none; one that cannot be used is told once."""
    found = _installed()
    if isinstance(found, ProviderError):
        tell_once(f"{found}; onnxruntime runs all of every bundle")
        return None
    return found


def require_library() -> KernelLibrary:
    """The installed library.

    Raises:
        ProviderError: none is installed, or it cannot be used.
    """
    found = _installed()
    if found is None:
        raise ProviderError(f"no kernels are installed: {INSTALL}")
    if isinstance(found, ProviderError):
        raise ProviderError(str(found)) from found
    return found


@cache
def _installed() -> KernelLibrary | ProviderError | None:
    """The library, or why the one that is installed cannot be used: looked for once."""
    try:
        return _open()
    except ModuleNotFoundError as error:
        if error.name == "edgebert_kernels":
            return None
        raise
    except ProviderError as error:
        return error


def _open() -> KernelLibrary:
    """Load the library of the installed wheel.

    Raises:
        ModuleNotFoundError: no wheel is installed.
        ProviderError: it cannot be loaded, is not what was installed, or counts otherwise.
    """
    import edgebert_kernels as wheel

    try:
        path, version = Path(wheel.library()), str(wheel.__version__)
        _require_as_installed(path)
        library = _loaded(path, version)
    except Exception as error:  # another package's, of a damaged one: any
        why = str(error).partition("\n")[0] or type(error).__name__
        raise ProviderError(f"edgebert-kernels cannot be loaded ({why}): {REINSTALL}") from error
    if library.arithmetic != ARITHMETIC:
        raise ProviderError(
            f"edgebert-kernels {version} counts by arithmetic {library.arithmetic}, and this edgebert "
            f"by {ARITHMETIC}: pip install -U 'edgebert[native]'"
        )
    return library


def _loaded(path: Path, version: str) -> KernelLibrary:
    """Load the library and ask what it is.

    Raises:
        OSError: it is none for this system, or damaged.
        AttributeError: it is another library.
    """
    functions = ctypes.CDLL(str(path))
    functions.edgebert_kernels_arithmetic.restype = ctypes.c_int
    functions.edgebert_kernels_classes.restype = ctypes.c_char_p
    functions.edgebert_kernels_chosen.restype = ctypes.c_char_p
    functions.edgebert_kernels_choose.argtypes = [ctypes.c_char_p]
    functions.edgebert_kernels_bf16.restype = ctypes.c_int
    sets: bytes = functions.edgebert_kernels_classes()
    return KernelLibrary(
        path=path,
        version=version,
        arithmetic=int(functions.edgebert_kernels_arithmetic()),
        instruction_sets=tuple(sets.decode().split(",")),
        bf16=bool(functions.edgebert_kernels_bf16()),
        functions=functions,
    )


def _require_as_installed(path: Path) -> None:
    """Hold a library to the hash that its installer wrote down, where there was one.

    A library that is cut off kills the process that maps it: no error could be caught.

    Raises:
        OSError: it was changed.
    """
    site = path.parent.parent
    name = path.relative_to(site).as_posix()
    for file, expected in _recorded(site):
        if file == name and expected != _record_hash(path):
            raise OSError(f"{path} was changed since it was installed")


def _recorded(site: Path) -> Iterator[tuple[str, str]]:
    """Files and hashes of the wheel, where an installer has unpacked one."""
    for record in site.glob("edgebert_kernels-*.dist-info/RECORD"):
        with record.open(encoding="utf-8", newline="") as stream:
            yield from ((row[0], row[1]) for row in csv.reader(stream) if row[1:2] > [""])


def _record_hash(path: Path) -> str:
    """The hash of a file as a wheel's RECORD writes it (PEP 376, PEP 427)."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    return f"sha256={urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@cache
def tell_once(sentence: str) -> None:
    """Warn of what is the same for every model, the first time."""
    warnings.warn(sentence, RuntimeWarning, stacklevel=3)
