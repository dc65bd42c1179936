"""Where something is decided by a task's name, outside of the tasks themselves.

    python tests/task_decisions.py          # a table, file by file

A decision is a comparison (`==`, `!=`, `in`, `is`) with a task's name or the constant that holds it, a
`case` of a `match`, a dict with a task's name among its keys, and an `isinstance` on a task's class.
Each is a place that a new task would have to know. What a task says of itself (`task.vectors`) is none.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("edgebert", "export", "quantize", "runtimes/python")
"""Where the sources lie; links are not followed, so that each file counts once."""

TASKS_ROOM = "edgebert/tasks"
CONSTANTS_FILE = "edgebert/records/manifest.py"

_COMPARED = (ast.Eq, ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot)
_CHECKS = ("isinstance", "issubclass")
_HOLDING = ("task_of", "frozenset", "set", "tuple", "list")


@dataclass(frozen=True)
class Decision:
    """One of them: its place and its source."""

    file: str
    line: int
    source: str


@dataclass(frozen=True)
class Tasks:
    """What the tasks are called.

    Attributes:
        names: as in a manifest.
        constants: that hold these names.
        classes: of tasks.
    """

    names: frozenset[str]
    constants: frozenset[str]
    classes: frozenset[str]


def decisions(root: Path = ROOT) -> list[Decision]:
    """All decisions in the sources of a checkout, in the order of files and lines."""
    tasks = tasks_of(root)
    return [
        decision
        for path in sources(root)
        for decision in decisions_in(
            path.read_text(encoding="utf-8"), tasks, path.relative_to(root).as_posix()
        )
    ]


def sources(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            inside = path.relative_to(root)
            linked = any((root / parent).is_symlink() for parent in inside.parents)
            if not linked and not inside.is_relative_to(TASKS_ROOM):
                yield path


def tasks_of(root: Path) -> Tasks:
    """The classes of the tasks' room, and the names that they have."""
    room = {path.stem: _parsed(path) for path in sorted((root / TASKS_ROOM).glob("*.py"))}
    classes = _task_classes(room)
    called = [
        node.value
        for name, task in classes.items()
        for node in task.body
        if isinstance(node, ast.Assign) and _assigned(node) == "name" and name != "base.Task"
    ]
    constants = frozenset(value.id for value in called if isinstance(value, ast.Name))
    texts = _texts_of([_parsed(root / CONSTANTS_FILE), *room.values()])
    return Tasks(frozenset(texts[name] for name in constants), constants, frozenset(classes))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _assigned(node: ast.Assign) -> str:
    return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""


def _texts_of(modules: Iterable[ast.Module]) -> dict[str, str]:
    """The constants of some modules that are texts."""
    return {
        _assigned(node): node.value.value
        for module in modules
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, str)
    }


def _task_classes(room: Mapping[str, ast.Module]) -> dict[str, ast.ClassDef]:
    """`Task` and all that are made of it, as MODULE.CLASS."""
    there = {
        f"{stem}.{node.name}": node
        for stem, module in room.items()
        for node in module.body
        if isinstance(node, ast.ClassDef)
    }
    found = {name: node for name, node in there.items() if name.endswith(".Task")}
    for _ in there:
        known = {node.name for node in found.values()}
        found |= {name: node for name, node in there.items() if known & _bases(node)}
    return found


def _bases(node: ast.ClassDef) -> set[str]:
    return {base.id for base in node.bases if isinstance(base, ast.Name)}


def decisions_in(text: str, tasks: Tasks, file: str = "") -> list[Decision]:
    """The decisions in one module."""
    tree, lines = ast.parse(text), text.splitlines()
    reader = _Reader(tree, tasks)
    found = sorted(
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.expr | ast.pattern) and reader.decides(node)
    )
    return [Decision(file, line, lines[line - 1].strip()) for line in found]


class _Reader:
    """Knows what in a module stands for a task: what it imports, and what it gives a name."""

    def __init__(self, tree: ast.Module, tasks: Tasks) -> None:
        self._tasks = tasks
        self._named = set(tasks.constants)
        self._classes: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                self._import(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and self._is_task(node.value):
                self._named |= {t.id for t in node.targets if isinstance(t, ast.Name)}

    def decides(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Compare) and any(isinstance(op, _COMPARED) for op in node.ops):
            return any(map(self._is_task, (node.left, *node.comparators)))
        if isinstance(node, ast.Dict):
            return any(key is not None and self._is_task(key) for key in node.keys)
        if isinstance(node, ast.MatchValue):
            return self._is_task(node.value)
        if isinstance(node, ast.MatchClass):
            return self._is_class(node.cls)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id in _CHECKS and any(map(self._is_class, node.args[1:]))
        return False

    def _import(self, node: ast.ImportFrom) -> None:
        module = str(node.module)
        for alias in node.names:
            bound = alias.asname or alias.name
            if alias.name in self._tasks.constants:
                self._named.add(bound)
            if module == "edgebert.tasks":
                known = {name.rpartition(".")[2] for name in self._tasks.classes}
            elif module.startswith("edgebert.tasks."):
                stem = module.rpartition(".")[2]
                known = {
                    n.partition(".")[2] for n in self._tasks.classes if n.startswith(f"{stem}.")
                }
            else:
                continue
            if alias.name in known:
                self._classes.add(bound)

    def _is_task(self, node: ast.AST) -> bool:
        """Whether an expression is a task's name, or holds one: a tuple, `task_of(EMBEDDINGS)`."""
        if isinstance(node, ast.Constant):
            return node.value in self._tasks.names
        if isinstance(node, ast.Name):
            return node.id in self._named
        if isinstance(node, ast.Attribute):
            is_name = node.attr == "name" and self._is_class(node.value)
            return is_name or node.attr in self._tasks.constants
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return any(self._is_task(item) for item in node.elts)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            holds = node.func.id in _HOLDING and any(map(self._is_task, node.args))
            return holds or self._is_class(node.func)
        return isinstance(node, ast.BinOp) and (
            self._is_task(node.left) or self._is_task(node.right)
        )

    def _is_class(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Tuple):
            return any(map(self._is_class, node.elts))
        if isinstance(node, ast.BinOp):
            return self._is_class(node.left) or self._is_class(node.right)
        return isinstance(node, ast.Name) and node.id in self._classes


def main() -> None:
    found = decisions(Path(sys.argv[1]) if sys.argv[1:] else ROOT)
    for decision in found:
        print(f"{decision.file}:{decision.line}: {decision.source}")
    print()
    for file, count in Counter(decision.file for decision in found).most_common():
        print(f"{count:4} {file}")
    print(f"{len(found):4} in {len({decision.file for decision in found})} files")


if __name__ == "__main__":
    main()
