"""`python -m kernels`: the native kernels, compiled, read, sanitized and emulated. See README.md."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
from compiling import chosen_platform, compile_library
from edgebert_kernels.platforms import PLATFORMS, Platform

from edgebert.errors import EdgebertError, GateError
from kernels.answers import ARM64_CPUS, NATIVE, SANITIZED, X86_CPUS, answers_of
from kernels.assembly import broken_class
from kernels.elf import broken_elf, listed
from kernels.programs import (
    ARM64,
    X86_64,
    arm64_driver,
    class_assemblies,
    native_driver,
)
from kernels.sanitized import broken_operators, sanitized_driver, sanitized_objects


@click.command()
@click.option("--short", is_flag=True, help="Without Windows, whose first build takes minutes.")
def main(short: bool) -> None:
    """Hold the native kernels to what is promised of them."""
    broken: list[str] = []
    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, sentences in _tried(Path(folder), short):
                now = time.perf_counter()
                click.echo(f"{now - started:6.1f} s  {name}")
                broken += sentences
                started = now
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


def _tried(folder: Path, short: bool) -> Iterator[tuple[str, list[str]]]:
    """What was done, and a sentence for each promise that does not hold, step by step."""
    for platform in (X86_64, ARM64):
        yield f"inner loops of {platform.name}", list(_broken_classes(platform, folder))
    native = native_driver(folder)
    yield "driver for this machine", []
    here = answers_of(native, NATIVE)
    classes = ", ".join(here.classes)
    yield f"bits of {len(here.bits)} cases in {classes}", list(here.broken(here))
    for cpu in X86_CPUS if chosen_platform() == X86_64 else ():
        yield f"bits on {cpu.name}", list(answers_of(native, cpu).broken(here))
    arm64 = arm64_driver(folder)
    yield "driver for ARM64", []
    for cpu in ARM64_CPUS:
        yield f"bits on {cpu.name}", list(answers_of(arm64, cpu).broken(here))
    objects = sanitized_objects(folder)
    yield "compiled with sanitizers", []
    sanitized = sanitized_driver(objects, folder)
    yield "bits with sanitizers", list(answers_of(sanitized, SANITIZED).broken(here))
    yield "operators with sanitizers", list(broken_operators(objects, folder))
    for platform in PLATFORMS:
        if not (short and platform.suffix == ".dll"):
            yield f"library of {platform.name}", list(_broken_library(platform, folder))


def _broken_classes(platform: Platform, folder: Path) -> Iterator[str]:
    for name, made in class_assemblies(platform, folder):
        yield from broken_class(name, made.read_text())


def _broken_library(platform: Platform, folder: Path) -> Iterator[str]:
    library = compile_library(platform, folder)
    if platform.suffix == ".so":
        yield from (f"{platform.name}: {said}" for said in broken_elf(listed(library)))


if __name__ == "__main__":
    main()
