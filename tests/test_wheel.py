"""What sdist, wheel and editable install carry, and that a bundle runs where a wheel alone lies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP_FILES = (
    "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md",
)  # fmt: skip
HEAVY = ("torch", "transformers", "optimum", "onnx", "matplotlib", "jinja2", "pyarrow")
PACKAGES = {
    "edgebert": "edgebert",
    "edgebert/export": "export",
    "edgebert/quantize": "quantize",
    "edgebert/runtimes": "runtimes/python",
    "edgebert/web/dist": "runtimes/web/dist",
}
"""Where a package lies in a wheel, and where in a clone."""

PYTHON = [package for package in PACKAGES if package != "edgebert/web/dist"]

CLIENT_SOURCES = (
    "mobile/index.ts",
    "mobile/package.json",
    "mobile/model.cc",
    "mobile/jni/model.cc",
)
BUILT = (
    "web/node_modules/x/index.js",
    "web/node_modules/x/setup.py",
    "mobile/dist/index.js",
    "mobile/build/model.o",
)
"""Files that other clients have below `runtimes/`: their sources, and what is fetched or built."""

PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=alone, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the clone, so that no earlier build can leak in, with files of other clients."""
    folder = tmp_path_factory.mktemp("sources") / "edgebert"
    folder.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "node_modules", "fixtures")
    for name in ("edgebert", "export", "quantize", "runtimes", "tests"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignore)
    for name in TOP_FILES:
        shutil.copy(ROOT / name, folder)
    for name in (*CLIENT_SOURCES, *BUILT):
        file = folder / "runtimes" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1\n")
    return folder


@pytest.fixture(scope="module")
def dist(sources: Path) -> Path:
    """An sdist of the sources, and a wheel that was built of the sdist alone."""
    built = run(sys.executable, "-m", "build", "--no-isolation", cwd=sources)
    assert built.returncode == 0, built.stdout + built.stderr
    return sources / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel of the native kernels for this platform."""
    if find_spec("ziglang") is None:
        pytest.skip("there is no ziglang here that would compile the kernels")
    folder = tmp_path_factory.mktemp("kernels")
    build = (*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder))
    built = run(*build, ROOT / "runtimes/kernels", cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def environment(folder: Path, wheel: Path, extra: str) -> Path:
    """Make a virtual environment that holds the wheel with one extra; return its bin folder."""
    needs_packages(folder)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    binaries = folder / "venv" / "bin"
    install(binaries, f"edgebert{extra} @ {wheel.as_uri()}")
    return binaries


def install(binaries: Path, *what: str) -> None:
    into = [*PIP, "--python", str(binaries / "python"), "install"]
    pinned = ("-c", str(ROOT / "constraints.txt"))
    installed = run(*into, *pinned, *what, cwd=binaries)
    assert installed.returncode == 0, installed.stderr


def needs_packages(folder: Path) -> None:
    """Skip where no package index, mirror or folder of wheels can be reached."""
    probe = run(*PIP, "install", "--dry-run", "--ignore-installed", "click", cwd=folder)
    if probe.returncode != 0:
        pytest.skip("pip cannot fetch packages here")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return environment(tmp_path_factory.mktemp("device"), wheel, "[cpu]")


@pytest.fixture(scope="module")
def native(device: Path, kernels: Path) -> Path:
    """The device, with kernels that no index has."""
    install(device, "edgebert[native]", f"--find-links={kernels}")
    return device


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return environment(tmp_path_factory.mktemp("bare"), wheel, "")


def files_below(folder: Path) -> Iterator[str]:
    """Names of the files in a folder: not of those behind links, nor what is built or fetched."""
    built = {"__pycache__", "node_modules", "build", "dist"}
    for file in folder.rglob("*"):
        name = file.relative_to(folder)
        if file.is_file() and not built & set(name.parts):
            yield name.as_posix()


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    names = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    files = {
        f"{package}/{name}"
        for package, folder in PACKAGES.items()
        for name in files_below(ROOT / folder)
        if not name.endswith(".md")
    }
    assert names == files
    assert {"edgebert/py.typed", "edgebert/report/page.html"} <= names
    assert {"edgebert/web/dist/edgebert.min.js", "edgebert/packaging/page/index.html"} <= names


def test_the_sdist_holds_packages_pages_and_the_sources_of_all_clients_and_no_tests(
    dist: Path,
) -> None:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        members = [Path(*Path(m.name).parts[1:]).as_posix() for m in archive if m.isfile()]
    names = {name for name in members if not name.startswith("edgebert.egg-info/")}
    rooms = ("edgebert", "export", "quantize", "runtimes")
    files = {f"{room}/{name}" for room in rooms for name in files_below(ROOT / room)}
    files |= {f"runtimes/web/dist/{name}" for name in files_below(ROOT / "runtimes/web/dist")}
    files |= {f"runtimes/{name}" for name in CLIENT_SOURCES}
    files -= {name for name in files if name.startswith("runtimes/kernels/")}
    assert names - {"PKG-INFO", "setup.cfg"} == files | set(TOP_FILES)
    assert {"runtimes/mobile/jni/model.cc", "export/README.md", "export/__init__.py"} <= names
    assert len(members) == len(set(members))


@pytest.mark.parametrize("links", [True, False], ids=["with-links", "without-links"])
def test_an_editable_install_leads_to_each_folder_and_to_no_other_client(
    sources: Path, tmp_path: Path, links: bool
) -> None:
    clone = Path(shutil.copytree(sources, tmp_path / "clone", symlinks=True))
    for link in () if links else ("export", "quantize", "runtimes"):
        (clone / "edgebert" / link).unlink()
    make = "from setuptools.build_meta import build_editable; build_editable('editable')"
    built = run(sys.executable, "-c", make, cwd=clone)
    assert built.returncode == 0, built.stderr
    zipfile.ZipFile(next((clone / "editable").glob("*.whl"))).extractall(tmp_path / "site")
    find = (
        "import site; site.addsitedir('site'); from importlib.util import find_spec; "
        f"names = {[package.replace('/', '.') for package in PYTHON]}; "
        "print(*[find_spec(name).origin for name in names], find_spec('edgebert.web'))"
    )
    found = run(sys.executable, "-I", "-S", "-c", find, cwd=tmp_path)  # -S: not that of our .venv
    *origins, other = found.stdout.split()
    assert [Path(origin).resolve() for origin in origins] == [
        (clone / folder / "__init__.py").resolve()
        for folder in (PACKAGES[package] for package in PYTHON)
    ], found.stderr
    assert other == "None"


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


def test_a_device_packages_a_bundle_without_node(
    device: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    for target in ("web", "node", "transformers.js"):
        out = tmp_path / target
        packaged = run(
            device / "edgebert", "package", tiny_bundle, "--target", target, "-o", out, cwd=device
        )
        assert (packaged.returncode, packaged.stderr) == (0, "")
    client = ROOT / "runtimes/web/dist"
    for made in ("web/edgebert.min.js", "web/worker.js", "node/edgebert.js"):
        assert (tmp_path / made).read_bytes() == (client / Path(made).name).read_bytes()


def test_the_client_for_javascript_leaves_the_wheel_small(wheel: Path) -> None:
    entries = zipfile.ZipFile(wheel).infolist()
    assert not any("node_modules" in entry.filename for entry in entries)
    client = [entry for entry in entries if entry.filename.startswith("edgebert/web/")]
    assert sum(entry.compress_size for entry in client) < 400_000
    assert wheel.stat().st_size < 1_500_000


def test_a_wheel_of_kernels_is_for_any_python_and_says_for_which_platform(kernels: Path) -> None:
    (wheel,) = kernels.glob("*.whl")
    assert wheel.name.startswith("edgebert_kernels-0.1.0-py3-none-")
    archive = zipfile.ZipFile(wheel)
    package = [name for name in archive.namelist() if name.startswith("edgebert_kernels/")]
    (library,) = [name for name in package if not name.endswith((".py", "py.typed"))]
    sources = {file.name for file in (ROOT / "runtimes/kernels/edgebert_kernels").glob("*.*")}
    assert sorted(package) == sorted([library, *(f"edgebert_kernels/{name}" for name in sources)])
    (about,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    built_for = Path(library).stem.removeprefix("edgebert_kernels-")
    summary = archive.read(about).decode().partition("Summary: ")[2].splitlines()[0]
    assert summary.startswith(f"edgebert's operators for onnxruntime: {built_for} (")
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist())


def test_an_sdist_of_kernels_holds_all_that_a_wheel_is_built_of(tmp_path: Path) -> None:
    clone = shutil.copytree(
        ROOT / "runtimes/kernels",
        tmp_path / "kernels",
        ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"),
    )
    wanted = set(files_below(clone))
    built = run(sys.executable, "-m", "build", "--no-isolation", "--sdist", cwd=clone)
    assert built.returncode == 0, built.stdout + built.stderr
    with tarfile.open(next((clone / "dist").glob("*.tar.gz"))) as archive:
        members = [Path(*Path(m.name).parts[1:]).as_posix() for m in archive if m.isfile()]
    held = {name for name in members if ".egg-info/" not in name} - {"PKG-INFO", "setup.cfg"}
    assert held == wanted
    assert {"source/onnxruntime/library.cpp", "compiling.py", "LICENSE"} <= held


def test_a_device_with_kernels_has_a_library_that_loads_and_embeds(
    native: Path, tiny_bundle: Path
) -> None:
    code = (
        "import ctypes, edgebert_kernels; "
        "library = ctypes.CDLL(str(edgebert_kernels.library())); "
        "library.edgebert_kernels_classes.restype = ctypes.c_char_p; "
        "print(library.edgebert_kernels_classes().decode())"
    )
    classes = run(native / "python", "-c", code, cwd=native)
    assert classes.stdout.strip().split(",")[-1] == "plain", classes.stderr
    embedded = run(native / "edgebert", "embed", tiny_bundle, "a text", cwd=native)
    assert embedded.returncode == 0, embedded.stderr


def test_without_onnxruntime_the_way_out_is_named_in_one_line(
    bare: Path, tiny_bundle: Path
) -> None:
    refused = run(bare / "edgebert", "embed", tiny_bundle, "a text", cwd=bare)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: ")
    assert refused.stderr.count("\n") == 1
    assert "pip install 'edgebert[cpu]'" in refused.stderr
