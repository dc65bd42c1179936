"""The driver and the library by g++, with AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import edgebert_kernels
from compiling import FLAGS, chosen_platform, sources_of

from edgebert.errors import InputError
from kernels.programs import DRIVER, INCLUDE, JOBS
from kernels.tools import tool

_SANITIZERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_TESTS = [
    str(Path(__file__).parent.parent / f"test_kernel_{name}.py")
    for name in ("operators", "decoder_operators")
]
_OPERATORS = ("library", "operator_")
"""Files that know onnxruntime, which the driver does not."""


def sanitized_objects(folder: Path) -> list[Path]:
    """All sources and the driver, compiled for this machine.

    Raises:
        InputError: there is no g++, or it failed.
    """
    sources = [(DRIVER, INCLUDE), *sources_of(chosen_platform())]
    made = [folder / f"{file.stem}.o" for file, _ in sources]
    with ThreadPoolExecutor(JOBS) as jobs:
        running = [
            jobs.submit(_gcc, *flags, "-c", str(file), "-o", str(into))
            for (file, flags), into in zip(sources, made, strict=True)
        ]
        for one in running:
            one.result()
    return made


def sanitized_driver(objects: list[Path], folder: Path) -> Path:
    """The driver, which can be left without memory."""
    own = [str(one) for one in objects if not one.stem.startswith(_OPERATORS)]
    _gcc(*own, "-Wl,--wrap=malloc", "-o", str(folder / "sanitized"))
    return folder / "sanitized"


def broken_operators(objects: list[Path], folder: Path) -> Iterator[str]:
    """Run the tests of the operators, in onnxruntime, with the sanitized library."""
    package = folder / edgebert_kernels.__name__
    shutil.copytree(Path(edgebert_kernels.__file__).parent, package)
    library = str(package / chosen_platform().library)
    _gcc("-shared", *(str(one) for one in objects if one.stem != DRIVER.stem), "-o", library)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *_TESTS]
    run = subprocess.run(
        command, env=_environment(folder), check=False, capture_output=True, text=True
    )
    if run.returncode:
        found = (run.stderr + run.stdout).partition("ERROR: ")[2] or run.stdout[-2000:]
        yield f"operators with sanitizers: {found[:2000].strip()}"


def _environment(folder: Path) -> Mapping[str, str]:
    """The variables for a Python that finds the sanitized library first."""
    sanitizers = [_printed(f"-print-file-name=lib{name}.so") for name in ("asan", "ubsan")]
    return os.environ | {
        "PYTHONPATH": str(folder),
        "LD_PRELOAD": " ".join(sanitizers),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }


def _printed(question: str) -> str:
    return subprocess.check_output([tool("g++", "g++"), question], text=True).strip()


def _gcc(*arguments: str) -> None:
    command = [tool("g++", "g++"), *FLAGS, *_SANITIZERS, *arguments]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode:
        raise InputError(f"g++ failed: {run.stderr.strip()}")
