"""Compiles `source/` into the one library of a platform, on any platform, by ziglang's clang.

`source/classes/class_NAME.cpp` is the class of CPUs NAME and gets its instructions; no other file gets any
that a CPU of that architecture may lack. A class is only entered where the CPU was asked.
"""

from __future__ import annotations

import os
import platform as machine_at_hand
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from edgebert_kernels.platforms import PLATFORMS, Platform

SOURCES = Path(__file__).parent / "source"
_JOBS = 2

_LANGUAGE = "-std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility=hidden"
_MATHEMATICS = "-O3 -ffp-contract=off -fno-math-errno -fno-trapping-math"
"""What is rounded where stands in the sources: nothing here may move a rounding (-ffast-math)."""

FLAGS = (
    *(*_LANGUAGE.split(), *_MATHEMATICS.split(), "-fPIC", "-g0", "-fno-sanitize=undefined"),
    f"-I{SOURCES}",
)

_AVX2 = "-mavx2 -mfma -mf16c"
_AVX512 = "-mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mfma -mprefer-vector-width=512"
CLASSES = {
    "plain": "",
    "avx2": _AVX2,
    "avx_vnni": f"{_AVX2} -mavxvnni",
    "avx512_vnni": _AVX512,
    "avx512_bf16": f"{_AVX512} -mavx512bf16",
    "neon_dotprod": "-mcpu=generic+v8_2a+dotprod",
    "neon_i8mm": "-mcpu=generic+v8_2a+dotprod+i8mm",
}
"""The instructions of each class. The lesser come first, and are linked first: what two classes
both define is then taken from the one that more CPUs run."""

_ARCHITECTURES = {"avx": "x86_64", "neon": "aarch64"}


def chosen_platform() -> Platform:
    """The one that `EDGEBERT_KERNELS_PLATFORM` names, or the one at hand."""
    name = os.environ.get("EDGEBERT_KERNELS_PLATFORM") or _platform_at_hand()
    for one in PLATFORMS:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in PLATFORMS)
    raise SystemExit(f"Error: no library for {name}: EDGEBERT_KERNELS_PLATFORM is one of {names}")


def _platform_at_hand() -> str:
    system = {"Darwin": "macos"}.get(machine_at_hand.system(), machine_at_hand.system().lower())
    architecture = {"AMD64": "x86_64", "ARM64": "arm64"}.get(
        machine_at_hand.machine(), machine_at_hand.machine()
    )
    return f"{system}-{architecture}"


def sources_of(platform: Platform, folder: Path = SOURCES) -> list[tuple[Path, tuple[str, ...]]]:
    """The files of a platform, in the order of linking, each with the flags of its instructions."""
    files = {file.stem: file for file in sorted(folder.rglob("*.cpp"))}
    classes = [
        (files.pop(f"class_{name}"), tuple(flags.split()))
        for name, flags in CLASSES.items()
        if f"class_{name}" in files and runs_on(name, platform)
    ]
    rest = [(file, ()) for stem, file in files.items() if not stem.startswith("class_")]
    return [*rest, *classes]


def runs_on(name: str, platform: Platform) -> bool:
    """Whether a class of CPUs is one of the platform's architecture."""
    needed = next((a for prefix, a in _ARCHITECTURES.items() if name.startswith(prefix)), None)
    return needed in (None, platform.machine)


def compile_library(platform: Platform, folder: Path) -> Path:
    """Make the library of a platform in a folder; what has not changed is taken from zig's cache."""
    with TemporaryDirectory() as made, ThreadPoolExecutor(_JOBS) as jobs:
        compiled = [
            jobs.submit(compile_source, platform, file, flags, Path(made, f"{file.stem}.o"))
            for file, flags in sources_of(platform)
        ]
        linked = _link(platform, [job.result() for job in compiled], Path(made, platform.library))
        return Path(shutil.copy(linked, folder))


def compile_source(platform: Platform, file: Path, flags: Sequence[str], made: Path) -> Path:
    """Compile one file, into assembly where `made` ends so."""
    kind = "-S" if made.suffix == ".s" else "-c"
    run_zig("c++", "-target", platform.target, *FLAGS, *flags, kind, str(file), "-o", str(made))
    return made


def _link(platform: Platform, objects: Sequence[Path], library: Path) -> Path:
    """Link with the C library alone: no C++ library, and but on Windows nothing of the compiler's."""
    alone = ["-nostdlib", "-lc"] if platform.suffix != ".dll" else []
    complete = ["-Wl,-z,defs"] if platform.suffix == ".so" else []  # elsewhere it is the rule
    files = map(str, objects)
    given = ["-target", platform.target, "-fno-sanitize=undefined", "-shared", "-s"]
    run_zig("cc", *given, *complete, *files, *alone, "-o", str(library))
    return library


def run_zig(*arguments: str) -> None:
    """Run zig's clang.

    Raises:
        SystemExit: it failed, in one line after what it said.
    """
    run = subprocess.run(
        [sys.executable, "-m", "ziglang", *arguments], check=False, capture_output=True, text=True
    )
    if run.returncode:
        raise SystemExit(f"{run.stderr}\nError: the compiler failed: zig {' '.join(arguments)}")


if __name__ == "__main__":
    print(chosen_platform().name)
