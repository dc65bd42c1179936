"""The wheel on a device: what is in it, and that a bundle runs where nothing else is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "transformers", "optimum", "onnx", "matplotlib", "jinja2", "pyarrow")
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=alone, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources, so that no earlier build can leak into it."""
    sources = tmp_path_factory.mktemp("sources") / "edgebert"
    sources.mkdir()
    for name in ("edgebert", "export", "quantize", "runtimes"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, sources / name, symlinks=True, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", cwd=sources)
    assert built.returncode == 0, built.stdout + built.stderr
    return next((sources / "dist").glob("*.whl"))


def environment(folder: Path, wheel: Path, extra: str) -> Path:
    """Make a virtual environment that holds the wheel with one extra; return its bin folder."""
    needs_packages(folder)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    into = [*PIP, "--python", str(python), "install", "-c", str(ROOT / "constraints.txt")]
    installed = run(*into, f"edgebert{extra} @ {wheel.as_uri()}", cwd=folder)
    assert installed.returncode == 0, installed.stderr
    return python.parent


def needs_packages(folder: Path) -> None:
    """Skip where no package index, mirror or folder of wheels can be reached."""
    probe = run(*PIP, "install", "--dry-run", "--ignore-installed", "click", cwd=folder)
    if probe.returncode != 0:
        pytest.skip("pip cannot fetch packages here")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return environment(tmp_path_factory.mktemp("device"), wheel, "[cpu]")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return environment(tmp_path_factory.mktemp("bare"), wheel, "")


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    names = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    folders = {
        "edgebert": ROOT / "edgebert",
        "edgebert/export": ROOT / "export",
        "edgebert/quantize": ROOT / "quantize",
        "edgebert/runtimes": ROOT / "runtimes" / "python",
    }
    files = {
        f"{package}/{file.relative_to(folder).as_posix()}"
        for package, folder in folders.items()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".md"
    }
    assert names == files
    assert {"edgebert/py.typed", "edgebert/report/page.html"} <= names


def test_the_wheel_holds_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_a_device_gets_no_workstation_package(device: Path) -> None:
    code = f"from importlib.util import find_spec; print([m for m in {HEAVY} if find_spec(m)])"
    assert run(device / "python", "-c", code, cwd=device).stdout == "[]\n"


def test_a_device_shows_the_commands(device: Path) -> None:
    shown = run(device / "edgebert", "--help", cwd=device)
    assert shown.returncode == 0, shown.stderr
    assert "embed" in shown.stdout


def test_a_device_embeds_with_a_bundle(device: Path, tiny_bundle: Path) -> None:
    embedded = run(device / "edgebert", "embed", tiny_bundle, "a text", cwd=device)
    assert embedded.returncode == 0, embedded.stderr
    line = json.loads(embedded.stdout)
    assert line["text"] == "a text"
    assert len(line["embedding"]) > 1


def test_without_onnxruntime_the_way_out_is_named_in_one_line(
    bare: Path, tiny_bundle: Path
) -> None:
    refused = run(bare / "edgebert", "embed", tiny_bundle, "a text", cwd=bare)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: ")
    assert refused.stderr.count("\n") == 1
    assert "pip install 'edgebert[cpu]'" in refused.stderr
