"""No module needs, by whatever way, one that needs it: imports in functions and for types count."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

EDGEBERT = Path(__file__).parent.parent / "edgebert"

Imports = dict[str, set[str]]
"""Modules, by name, to the modules that they import."""


def modules_in(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    """Every module of a package with its file; links are followed, as an import does."""
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").is_file():
            yield from modules_in(path, f"{package}.{path.name}")
        elif path.suffix == ".py":
            yield (package if path.stem == "__init__" else f"{package}.{path.stem}"), path


def imports_of(folder: Path) -> Imports:
    """What each module of a package imports of it, at the top, in functions and for types."""
    files = dict(modules_in(folder, folder.name))
    return {name: set(_imported(path, files.keys())) - {name} for name, path in files.items()}


def _imported(path: Path, known: Collection[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module in known:
            for alias in node.names:  # a module of a package, or something in a module
                name = f"{node.module}.{alias.name}"
                yield name if name in known else node.module


def circles(imports: Imports) -> list[list[str]]:
    """Modules that need each other, round by round; a way through a circle is one of its modules."""
    reached = {name: _reached(name, imports) for name in imports}
    found = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in imports
    }
    return [list(circle) for circle in sorted(found) if circle]


def _reached(start: str, imports: Imports) -> set[str]:
    """All that a module imports, and that they do; itself only if it comes round."""
    reached: set[str] = set()
    waiting = list(imports[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += imports[name]
    return reached


def test_no_imports_go_round() -> None:
    imports = imports_of(EDGEBERT)
    assert {"edgebert", "edgebert.export.exporting", "edgebert.runtimes.model"} <= imports.keys()
    assert circles(imports) == []


@pytest.mark.parametrize(
    "back",
    [
        "from package import a",
        "import package.a",
        "def late():\n    from package.a import name",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from package.a import name",
    ],
    ids=["top", "whole", "lazy", "type"],
)
def test_a_circle_is_found(back: str, tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "room").mkdir(parents=True)
    for path in ("__init__", "room/__init__"):
        (package / f"{path}.py").touch()
    (package / "a.py").write_text("from package.room.b import name\n")
    (package / "room/b.py").write_text("from package import c\n")
    (package / "c.py").write_text("import json\n")
    assert circles(imports_of(package)) == []
    (package / "c.py").write_text(f"{back}\n")
    assert circles(imports_of(package)) == [["package.a", "package.c", "package.room.b"]]
