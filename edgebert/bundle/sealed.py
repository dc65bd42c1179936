"""A model that is sealed: open it, check it, seal a new one."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from edgebert.bundle.files import (
    GOLDEN,
    MANIFEST,
    MODEL_CARD,
    TARGET_TOKENIZER,
    TOKENIZER,
    ModelFiles,
)
from edgebert.bundle.manifest_file import (
    manifest_problems,
    read_manifest,
    read_record,
    write_manifest,
)
from edgebert.errors import BundleError
from edgebert.git_lfs import is_pointer
from edgebert.records.fingerprint import ONNXRUNTIME, Fingerprint
from edgebert.records.golden import Golden
from edgebert.records.manifest import FileEntry, Manifest

_DECIDING = (
    "task",
    "max_length",
    "pooling",
    "normalize",
    "labels",
    "scoring",
    "mask_token",
    "aggregation",
)
"""Keys of a manifest that change answers; prompts are named by those answers that have them."""

_TOKENIZERS = (TOKENIZER, TARGET_TOKENIZER)
_UNSEALED = frozenset({MANIFEST, MODEL_CARD})  # the rest of a bundle can change an answer


@dataclass(frozen=True)
class Bundle(ModelFiles):
    """Files that are sealed: the manifest lists each with its size and hash."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all files that go to the device."""
        return sum(entry.size_bytes for entry in self.manifest.files.values())

    @property
    def sha256(self) -> str:
        """Hash over the hashes of all sealed files: what identifies the bundle in a record."""
        hashes = {name: entry.sha256 for name, entry in self.manifest.files.items()}
        if self.manifest.digest:
            hashes[MANIFEST] = self.manifest.digest
        lines = (f"{sha256} {name}\n" for name, sha256 in sorted(hashes.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def fingerprint(self, engine: str = ONNXRUNTIME) -> Fingerprint:
        """What its answers are known by: not where or when it was made, nor by which versions."""
        manifest = self.manifest
        read = [*self.of_graphs(manifest.files), *(n for n in _TOKENIZERS if self.owns(n))]
        decides = [manifest.files[name].sha256 for name in sorted(read)]
        decides += [repr(getattr(manifest, key)) for key in _DECIDING]
        if manifest.writing:
            decides.append(repr(manifest.writing))
        return Fingerprint(
            scheme=manifest.quantization.scheme if manifest.quantization else manifest.precision,
            source=manifest.source.sha256[:8],
            digest=hashlib.sha256("\n".join(decides).encode()).hexdigest()[:12],
            engine=engine,
        )

    def owns(self, name: str) -> bool:
        return name in self.manifest.files

    def golden(self) -> Golden:
        return read_record(Golden, self.path / GOLDEN)


def open_bundle(path: str | Path, *, verify: bool = False) -> Bundle:
    """Open a bundle and check names, sizes and format.

    Args:
        path: the bundle's folder.
        verify: also hash every file.

    Raises:
        BundleError: not a bundle, newer than this version, or a file is missing or changed.
    """
    bundle = read_bundle(path)
    problem = next(
        (p for name in bundle.manifest.files if (p := _size_problem(bundle, name))), None
    )
    if problem is None and verify:
        problem = next(iter(changed_files(bundle)), None)
    if problem:
        raise BundleError(f"{path} is damaged: {problem}")
    return bundle


def read_bundle(path: str | Path) -> Bundle:
    """Read a bundle's manifest and look at none of its files.

    Raises:
        BundleError: not a bundle, or newer than this version.
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        if folder.is_file():
            raise BundleError(f"{path} is not a bundle: it is a file, and a bundle is a folder")
        missing = f"it has no {MANIFEST}" if folder.is_dir() else "there is no such folder"
        raise BundleError(
            f"{path} is not a bundle: {missing}. Make one with 'edgebert export MODEL -o {path}'"
        )
    return Bundle(folder, read_manifest(folder / MANIFEST))


def changed_files(bundle: Bundle) -> list[str]:
    """One sentence for each file whose size or hash is not what the manifest says."""
    problems = [
        f"{MANIFEST} was changed ({why})"
        for why in manifest_problems(bundle.path / MANIFEST, bundle.manifest.digest)
    ]
    for name, entry in bundle.manifest.files.items():
        problem = _size_problem(bundle, name)
        if problem is None and file_sha256(bundle.path / name) != entry.sha256:
            problem = f"{name} was changed (its checksum differs)"
        if problem:
            problems.append(problem)
    return problems


def seal(folder: Path, manifest: Manifest) -> Bundle:
    """Write the manifest with size and hash of every other file, the model card's aside."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    files = {name: _entry(folder / name) for name in names if name not in _UNSEALED}
    sealed = write_manifest(replace(manifest, files=files), folder / MANIFEST)
    return Bundle(folder, sealed)


def copy_files(bundle: Bundle, folder: Path, names: Iterable[str]) -> None:
    """Copy files of a bundle to where another one is being made."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.path / name, folder / name)


def _size_problem(bundle: Bundle, name: str) -> str | None:
    path, expected = bundle.path / name, bundle.manifest.files[name].size_bytes
    if not path.is_file():
        return f"{name} is missing"
    size = path.stat().st_size
    if size != expected and is_pointer(path):
        return f"{name} is a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'"
    return None if size == expected else f"{name} has {size} bytes where {expected} belong"


def _entry(path: Path) -> FileEntry:
    return FileEntry(sha256=file_sha256(path), size_bytes=path.stat().st_size)


def file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
