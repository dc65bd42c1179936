"""The driver, built for this machine or for an emulated one. See README.md."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from compiling import CLASSES, SOURCES, chosen_platform, compile_source, run_zig, sources_of
from edgebert_kernels.platforms import PLATFORMS, Platform

DRIVER = Path(__file__).parent / "driver.cpp"
INCLUDE = ("-I", str(SOURCES))
JOBS = 2

ARM64 = next(one for one in PLATFORMS if one.name == "linux-aarch64")
X86_64 = next(one for one in PLATFORMS if one.name == "linux-x86_64")


def native_driver(folder: Path) -> Path:
    """For this machine, compiled as its library is."""
    return _zig_driver(chosen_platform(), folder / "native")


def arm64_driver(folder: Path) -> Path:
    """For an ARM64 CPU under emulation: with its C library inside, so that no system is needed."""
    return _zig_driver(replace(ARM64, target="aarch64-linux-musl"), folder / "arm64")


def class_assemblies(platform: Platform, folder: Path) -> list[tuple[str, Path]]:
    """The name of each class of a platform, and what the compiler makes of it, to be read."""
    with ThreadPoolExecutor(JOBS) as jobs:
        made = [
            (name, jobs.submit(compile_source, platform, file, flags, folder / f"{name}.s"))
            for name, file, flags in _class_sources(platform)
        ]
        return [(name, one.result()) for name, one in made]


def _class_sources(platform: Platform) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    """The classes of a platform: name, file, flags."""
    for file, flags in sources_of(platform):
        name = file.stem.removeprefix("class_")
        if name in CLASSES:
            yield name, file, flags


def _sources(platform: Platform) -> list[tuple[Path, tuple[str, ...]]]:
    """What the driver is linked of: all that does not know onnxruntime."""
    own = [(DRIVER, INCLUDE), (SOURCES / "classes/classes.cpp", tuple[str, ...]())]
    return own + [(file, flags) for _, file, flags in _class_sources(platform)]


def _zig_driver(platform: Platform, made: Path) -> Path:
    made.mkdir()
    with ThreadPoolExecutor(JOBS) as jobs:
        objects = [
            jobs.submit(compile_source, platform, file, flags, made / f"{file.stem}.o")
            for file, flags in _sources(platform)
        ]
        files = [str(one.result()) for one in objects]
    alone = ["-static"] if platform.target.endswith("musl") else []
    given = ["-target", platform.target, "-fno-sanitize=undefined", *alone]
    run_zig("cc", *given, *files, "-lm", "-o", str(made / "driver"))
    return made / "driver"
