"""Node and onnxruntime-web on this machine: what runs WebAssembly outside a browser."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edgebert.errors import ProviderError
from edgebert.json_files import read_object
from edgebert.machine import release_numbers
from edgebert.packaging.client import ONNXRUNTIME

OLDEST_NODE = 20

_PACKAGE = Path("node_modules") / "onnxruntime-web"
_LIBRARY = Path("dist") / "ort.node.min.mjs"
_INSTALL = f"npm install --ignore-scripts onnxruntime-web@{ONNXRUNTIME}"


@dataclass(frozen=True)
class NodeRuntime:
    """What runs WebAssembly.

    Attributes:
        program: Node.
        node: its version.
        library: the module of onnxruntime-web.
        onnxruntime_web: its version.
    """

    program: Path
    node: str
    library: Path
    onnxruntime_web: str

    def __str__(self) -> str:
        return f"onnxruntime-web {self.onnxruntime_web} on Node {self.node}"


def find_node_runtime(project: Path | None = None) -> NodeRuntime:
    """Find Node on the PATH, and onnxruntime-web where Node would.

    Args:
        project: a folder that holds node_modules, or lies in one that does; by default the working
            directory.

    Raises:
        ProviderError: one of the two is missing or too old; the message says how to get it.
    """
    program = shutil.which("node")
    if program is None:
        raise ProviderError(
            "--target web runs WebAssembly in Node, and there is no 'node' on the PATH: install "
            f"Node {OLDEST_NODE} or newer (https://nodejs.org), or leave --target out"
        )
    node = _version_of(program)
    library, version = _onnxruntime_web((project or Path.cwd()).resolve())
    return NodeRuntime(Path(program), node, library, version)


def _version_of(program: str) -> str:
    try:
        told = subprocess.run(
            (program, "--version"), capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise ProviderError(f"{program} cannot be started: {error}") from error
    version = told.removeprefix("v")
    if release_numbers(version) < (OLDEST_NODE,):
        raise ProviderError(
            f"{program} is Node {version or '(of no version)'}, and --target web needs "
            f"{OLDEST_NODE} or newer: https://nodejs.org"
        )
    return version


def _onnxruntime_web(project: Path) -> tuple[Path, str]:
    """The module of the package, and its version."""
    for folder in (project, *project.parents):
        package = folder / _PACKAGE
        if (package / "package.json").is_file():
            return _checked(package)
    raise ProviderError(
        f"--target web needs onnxruntime-web, and neither {project} nor a folder above it has it in "
        f"node_modules: {_INSTALL}"
    )


def _checked(package: Path) -> tuple[Path, str]:
    version = str(read_object(package / "package.json").get("version", ""))
    if release_numbers(version) < release_numbers(ONNXRUNTIME):
        raise ProviderError(
            f"{package} is onnxruntime-web {version or '(of no version)'}, and edgebert is tested "
            f"with {ONNXRUNTIME}: {_INSTALL}"
        )
    if not (package / _LIBRARY).is_file():
        raise ProviderError(f"{package} lacks {_LIBRARY.as_posix()}: {_INSTALL}")
    return package / _LIBRARY, version
