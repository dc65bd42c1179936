"""The wheel `edgebert-kernels` as a test wants it: none, the installed one, or one that is damaged."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgebert.runtimes.kernels import library
from edgebert.runtimes.kernels.choosing import find_usable_library
from edgebert.runtimes.kernels.library import KernelLibrary

NAME = "edgebert_kernels"


@pytest.fixture(scope="session")
def kernels() -> KernelLibrary:
    """The installed library."""
    found = find_usable_library()
    if found is None:
        pytest.skip("edgebert-kernels is not installed: make venv, where it can be built")
    return found


@pytest.fixture
def looked_for_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever wheel a test brings is looked for, and told of, as in a new process."""
    forget = (library._installed, library.tell_once)
    for cached in forget:
        cached.cache_clear()
    yield
    for name in _modules():  # of a wheel that the test brought
        del sys.modules[name]
    monkeypatch.undo()
    for cached in forget:
        cached.cache_clear()


@pytest.fixture
def no_wheel(looked_for_anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if none was installed."""
    monkeypatch.setitem(sys.modules, NAME, None)


@pytest.fixture
def wheel_of(
    looked_for_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[bytes], Path]:
    """Installs a wheel whose library is made of these bytes; gives the library."""

    def install(content: bytes) -> Path:
        package = tmp_path / "site" / NAME
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(
            "from pathlib import Path\n"
            '__version__ = "9.8.7"\n'
            "def library():\n"
            '    return Path(__file__).parent / "kernels.so"\n'
        )
        (package / "kernels.so").write_bytes(content)
        return _in_front(package.parent, monkeypatch) / "kernels.so"

    return install


@pytest.fixture
def copied_wheel(
    kernels: KernelLibrary,
    looked_for_anew: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The library of a copy of the installed wheel, with what its installer wrote down."""
    site, copy = kernels.path.parent.parent, tmp_path / "site"
    for folder in (site / NAME, *site.glob(f"{NAME}-*.dist-info")):
        shutil.copytree(folder, copy / folder.name)
    return _in_front(copy, monkeypatch) / kernels.path.name


def _modules() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == NAME]


def _in_front(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a folder of packages looked into first; gives that of the wheel."""
    for name in _modules():
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
    return site / NAME
