"""The folder that goes to a device: open it, check it, seal a new one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path, PureWindowsPath
from typing import TypeVar

from edgebert.errors import BundleError
from edgebert.git_lfs import is_pointer, refuse_pointer
from edgebert.json_files import parse
from edgebert.records.codec import from_dict, to_json
from edgebert.records.fingerprint import ONNXRUNTIME, Fingerprint
from edgebert.records.golden import Golden
from edgebert.records.manifest import (
    ANY_CPU,
    FORMAT,
    SCORINGS,
    SIMILARITIES,
    FileEntry,
    Manifest,
)
from edgebert.tasks.entities import AGGREGATIONS

MANIFEST = "manifest.json"
MODEL = "model.onnx"
MODEL_DATA = "model.onnx_data"
TOKENIZER = "tokenizer.json"
GOLDEN = "golden.json"
MODEL_CARD = "README.md"

R = TypeVar("R")
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

_NO_DIGEST = 64 * "0"
_UNSEALED = frozenset({MANIFEST, MODEL_CARD})  # the rest of a bundle can change an answer


@dataclass(frozen=True)
class Bundle:
    """A bundle whose manifest was read and whose files are all there."""

    path: Path
    manifest: Manifest

    @property
    def model_path(self) -> Path:
        return self.path / MODEL

    @property
    def size_bytes(self) -> int:
        """Bytes of all files that go to the device."""
        return sum(entry.size_bytes for entry in self.manifest.files.values())

    @property
    def widens_weights(self) -> bool:
        """Whether CPUs without VNNI have to multiply its weights in a wider type to be right."""
        quantization = self.manifest.quantization
        return quantization is not None and quantization.isa != ANY_CPU

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
        read = sorted(name for name in manifest.files if name.startswith((MODEL, TOKENIZER)))
        decides = [manifest.files[name].sha256 for name in read]
        decides += [repr(getattr(manifest, key)) for key in _DECIDING]
        return Fingerprint(
            scheme=manifest.quantization.scheme if manifest.quantization else manifest.precision,
            source=manifest.source.sha256[:8],
            digest=hashlib.sha256("\n".join(decides).encode()).hexdigest()[:12],
            engine=engine,
        )

    def golden(self) -> Golden:
        return _read(Golden, self.path / GOLDEN)


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
    return Bundle(folder, _read_manifest(folder / MANIFEST))


def changed_files(bundle: Bundle) -> list[str]:
    """One sentence for each file whose size or hash is not what the manifest says."""
    problems = [f"{MANIFEST} was changed ({why})" for why in _manifest_problems(bundle)]
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
    sealed = _write_manifest(replace(manifest, files=files), folder / MANIFEST)
    return Bundle(folder, sealed)


def _write_manifest(manifest: Manifest, path: Path) -> Manifest:
    """Write a manifest that carries its own digest; return it."""
    blank = (to_json(replace(manifest, digest=_NO_DIGEST)) + "\n").encode()
    digest = hashlib.sha256(blank).hexdigest()
    path.write_bytes(blank.replace(_NO_DIGEST.encode(), digest.encode()))
    return replace(manifest, digest=digest)


def _manifest_problems(bundle: Bundle) -> Iterator[str]:
    """What is wrong with the bytes of a manifest that could be read."""
    written, digest = (bundle.path / MANIFEST).read_bytes(), bundle.manifest.digest
    if digest is None:
        # No older edgebert wrote keys that this one does not know, and each newer one a digest.
        unknown = parse(written.decode()).keys() - {field.name for field in fields(Manifest)}
        if unknown:
            yield f"it has no digest, and {min(unknown)!r} is no key of a bundle without one"
        return
    blank = written.replace(digest.encode(), _NO_DIGEST.encode())
    if hashlib.sha256(blank).hexdigest() != digest:
        yield "its digest differs"


def _read_manifest(path: Path) -> Manifest:
    manifest = _read(Manifest, path)
    for name in manifest.files:
        pure = PureWindowsPath(name)  # knows what leads away on any system
        if pure.anchor or ".." in pure.parts:
            raise BundleError(f"{path} is damaged: file name {name!r} leaves the bundle")
    for name in (MODEL, TOKENIZER, GOLDEN):
        if name not in manifest.files:
            raise BundleError(f"{path} is damaged: it does not list {name}")
    for what, said, known in (
        ("compares vectors by", manifest.similarity, SIMILARITIES),
        ("makes scores by", manifest.activation, SCORINGS),
        ("makes labels of words by", manifest.aggregation, AGGREGATIONS),
    ):
        if said is not None and said not in known:
            raise BundleError(
                f"{path} {what} {said!r}; this edgebert knows {', '.join(known)}: "
                "pip install -U edgebert"
            )
    return manifest


def _read(cls: type[R], path: Path) -> R:
    refuse_pointer(path, BundleError)
    try:
        data = parse(path.read_text(encoding="utf-8"))
        found = data.get("format") if isinstance(data, dict) else None
        if isinstance(found, int) and found > FORMAT:
            raise BundleError(
                f"{path} has format {found}; this edgebert reads up to {FORMAT}: "
                "pip install -U edgebert"
            )
        return from_dict(cls, data)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} is damaged: {error}") from error


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
