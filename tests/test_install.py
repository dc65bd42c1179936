"""`.ci/setup` finds a Python, takes the CPU build of PyTorch, and never leaves a half-made .venv.

`.ci/kernels` does without the kernels where they cannot be built. Both run for real in a folder of
their own, cut off from every package index: what pip may install are the empty wheels made here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ("cat", "dirname", "grep", "rm", "sh", "touch", "uname")


class Clone:
    """A clone with nothing but the set-up, on a PATH with nothing but standard tools."""

    def __init__(self, folder: Path) -> None:
        self.path, self.wheels, self.bin = folder / "clone", folder / "wheels", folder / "bin"
        (self.path / ".ci").mkdir(parents=True)
        for script in ("setup", "kernels"):
            shutil.copy(ROOT / ".ci" / script, self.path / ".ci" / script)
        shutil.copytree(
            ROOT / "runtimes/kernels",
            self.path / "runtimes/kernels",
            ignore=shutil.ignore_patterns("build", "__pycache__"),
        )
        (self.path / "constraints.txt").write_text("torch==2.13.0\n")
        for made in (self.wheels, self.bin):
            made.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)

    def add_python(self, name: str, *, works: bool) -> None:
        answer = f'exec "{sys.executable}" "$@"' if works else f"echo {name}: not found; exit 127"
        (self.bin / name).write_text(f"#!/bin/sh\n{answer}\n")
        (self.bin / name).chmod(0o755)

    def add_wheel(self, name: str, version: str) -> None:
        info = f"{name}-{version}.dist-info"
        path = self.wheels / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{info}/WHEEL", tag)
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            wheel.writestr(f"{info}/METADATA", metadata)
            wheel.writestr(f"{info}/RECORD", "")

    def set_up(self, script: str = "setup", **variables: str) -> subprocess.CompletedProcess[str]:
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}
        alone = {"PATH": str(self.bin), "HOME": str(self.path), "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run(
            [self.path / ".ci" / script],
            env=alone | offline | variables,
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_without_a_python_one_line_says_what_to_do(clone: Clone) -> None:
    run = clone.set_up()
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == (
        "Error: no Python 3.11 or newer with venv here "
        "(tried python3 python3.13 python3.12 python3.11). "
        "Install one (Debian: python3-venv) or name one: make PYTHON=/path/to/python3\n"
    )
    assert not (clone.path / ".venv").exists()


def test_a_python_that_is_named_and_does_not_work_is_not_replaced(clone: Clone) -> None:
    clone.add_python("python3", works=True)
    run = clone.set_up(PYTHON="python3.9")
    assert run.returncode == 1
    assert "(tried python3.9)" in run.stderr


def test_a_shim_is_passed_over_and_a_set_up_that_did_not_finish_is_begun_anew(
    clone: Clone,
) -> None:
    clone.add_python("python3", works=False)
    clone.add_python("python3.13", works=False)
    clone.add_python("python3.12", works=True)
    left_over = clone.path / ".venv" / "lib" / "half-installed"
    left_over.mkdir(parents=True)
    run = clone.set_up()
    version = sys.version.split()[0]
    assert run.stdout.startswith(f"Making .venv with Python {version}\n"), run.stderr
    assert run.returncode != 0  # there is no torch to install
    assert not left_over.exists()
    assert not (clone.path / ".venv" / "ready").exists()


def test_a_cpu_build_that_pip_finds_by_itself_is_taken(clone: Clone) -> None:
    clone.add_python("python3", works=True)
    clone.add_wheel("setuptools", "84.2.1")
    clone.add_wheel("torch", "2.13.0+cpu")
    run = clone.set_up()
    assert "PyTorch: torch==2.13.0+cpu, as pip finds it\n" in run.stdout, run.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has builds with CUDA on PyPI")
def test_a_build_that_may_hold_cuda_is_never_taken_on_linux(clone: Clone) -> None:
    clone.add_python("python3", works=True)
    clone.add_wheel("setuptools", "84.2.1")
    clone.add_wheel("torch", "2.13.0")
    run = clone.set_up()
    assert run.returncode != 0
    assert "No matching distribution found for torch==2.13.0+cpu" in run.stderr
    assert not list((clone.path / ".venv").rglob("torch-2.13.0.dist-info"))


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"EDGEBERT_KERNELS_PLATFORM": "plan9-mips"}, "no library for plan9-mips: "),
        ({"EDGEBERT_KERNELS_PLATFORM": "macos-arm64"}, "pip finds no ziglang for macos-arm64\n"),
    ],
    ids=["no-platform", "no-compiler"],
)
def test_where_kernels_cannot_be_built_one_line_says_why(
    clone: Clone, variables: dict[str, str], why: str
) -> None:
    venv.create(clone.path / ".venv", with_pip="ziglang" in why)
    run = clone.set_up("kernels", **variables)
    assert run.returncode == 0, run.stderr
    start = "The native kernels are not built, and onnxruntime runs every layer: "
    assert run.stdout.startswith(start + why)
    assert (run.stdout.count("\n"), run.stderr) == (1, "")
    assert (clone.path / ".venv" / "kernels").exists()
