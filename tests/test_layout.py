"""What the folder layout promises."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINKS = {"export": "export", "quantize": "quantize", "runtimes": "runtimes/python"}
"""What is imported as `edgebert.NAME` to the folder that it lies in."""

BUILT_CLIENTS = {"runtimes/web"}
"""Folders that ship what was built in them, and no Python."""

HEAVY = ("torch", "transformers", "optimum", "onnx", "matplotlib", "jinja2", "pyarrow")


def loaded_by(module: str, names: tuple[str, ...]) -> list[str]:
    """Which of `names` a fresh interpreter has loaded once it imported `module`."""
    code = f"import sys, {module}; print(*(m for m in {names!r} if m in sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


@pytest.mark.parametrize(
    "module",
    [
        "edgebert",
        "edgebert.cli",
        "edgebert.runtimes",
        "edgebert.drift",
        "edgebert.latency",
        "edgebert.doctor",
        "edgebert.inspect",
        "edgebert.packaging.making",
        ", ".join(
            f"edgebert.onnx_graph.{file.stem}"
            for file in sorted((ROOT / "edgebert/onnx_graph").glob("[!_]*.py"))
        ),
    ],
)
def test_what_a_device_needs_imports_nothing_heavy(module: str) -> None:
    assert loaded_by(module, HEAVY) == []


@pytest.mark.parametrize("module", ["edgebert.cli", "edgebert.runtimes.sessions.providers"])
def test_the_command_line_starts_without_what_only_its_commands_need(module: str) -> None:
    assert loaded_by(module, ("numpy", "onnxruntime", "tokenizers")) == []


def test_measures_need_nothing_but_numpy() -> None:
    """Reports, model cards and commands read them where no model can run."""
    assert loaded_by("edgebert.measures", (*HEAVY, "onnxruntime", "tokenizers", "click")) == []


def test_pyproject_names_every_package() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    listed = {_folder_of(name, setup["package-dir"]) for name in setup["packages"]}
    tops = ("edgebert", *LINKS.values())
    modules = [module for top in tops for module in (ROOT / top).rglob("*.py")]
    found = {module.parent.resolve().relative_to(ROOT.resolve()).as_posix() for module in modules}
    assert listed == found | BUILT_CLIENTS


def _folder_of(package: str, package_dir: dict[str, str]) -> str:
    for mapped, folder in package_dir.items():
        if f"{package}.".startswith(f"{mapped}."):
            return package.replace(mapped, folder).replace(".", "/")
    return package.replace(".", "/")


@pytest.mark.parametrize("name", LINKS)
def test_a_link_leads_checkers_and_editors_to_each_folder(name: str) -> None:
    link = ROOT / "edgebert" / name
    assert link.is_symlink()
    assert link.readlink() == Path("..", LINKS[name])
    assert (link / "__init__.py").is_file()


@pytest.mark.parametrize("library", HEAVY)
@pytest.mark.parametrize(
    "folder", ["edgebert/cli", "edgebert/inspect", "edgebert/onnx_graph", "runtimes/python"]
)
def test_a_heavy_library_is_refused_at_the_top_of_a_light_module(folder: str, library: str) -> None:
    assert "TID253" in lint(f"import {library}\n\nprint({library})\n", f"{folder}/new.py")


@pytest.mark.parametrize("folder", ["export", "quantize", "edgebert/training"])
def test_the_workstation_side_may_import_torch(folder: str) -> None:
    assert lint("import torch\n\nprint(torch)\n", f"{folder}/new.py") == []


def test_graphs_in_memory_are_edited_with_the_onnx_package() -> None:
    folder = "edgebert/onnx_graph/in_memory"
    assert lint("import onnx\n\nprint(onnx)\n", f"{folder}/new.py") == []


@pytest.mark.parametrize("name", LINKS)
def test_a_folder_is_imported_by_its_one_name(name: str) -> None:
    assert "TID251" in lint(f"import {name}\n\nprint({name})\n", "edgebert/new.py")


def lint(code: str, file_name: str) -> list[str]:
    """The rules that `code` breaks when it stands in `file_name`."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    run = subprocess.run(
        [*command, "--stdin-filename", file_name, "-"],
        cwd=ROOT,
        input=code,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode in (0, 1), run.stderr
    return [line.split()[1] for line in run.stdout.splitlines() if line.startswith(file_name)]
