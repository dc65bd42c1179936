"""`manifest.json` on disk: written with a digest of its own, and read with care."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path, PureWindowsPath
from typing import TypeVar

from edgebert.bundle.files import GOLDEN, TARGET_TOKENIZER, TOKENIZER
from edgebert.errors import BundleError
from edgebert.git_lfs import refuse_pointer
from edgebert.json_files import parse
from edgebert.records.codec import from_dict, to_json
from edgebert.records.manifest import (
    DECODER,
    FORMAT,
    SCORINGS,
    SEVERAL_GRAPHS,
    SIMILARITIES,
    Manifest,
    Writing,
)
from edgebert.tasks import TASKS
from edgebert.tasks.entities import AGGREGATIONS

R = TypeVar("R")

_NO_DIGEST = 64 * "0"


def write_manifest(manifest: Manifest, path: Path) -> Manifest:
    """Write a manifest that carries its own digest; return it."""
    blank = (to_json(replace(manifest, digest=_NO_DIGEST)) + "\n").encode()
    digest = hashlib.sha256(blank).hexdigest()
    path.write_bytes(blank.replace(_NO_DIGEST.encode(), digest.encode()))
    return replace(manifest, digest=digest)


def manifest_problems(path: Path, digest: str | None) -> Iterator[str]:
    """What is wrong with the bytes of a manifest that could be read, and says this digest."""
    written = path.read_bytes()
    if digest is None:
        # No older edgebert wrote keys that this one does not know, and each newer one a digest.
        unknown = parse(written.decode()).keys() - {field.name for field in fields(Manifest)}
        if unknown:
            yield f"it has no digest, and {min(unknown)!r} is no key of a bundle without one"
        return
    blank = written.replace(digest.encode(), _NO_DIGEST.encode())
    if hashlib.sha256(blank).hexdigest() != digest:
        yield "its digest differs"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        BundleError: it is damaged, or newer than this version.
    """
    manifest = read_record(Manifest, path, newest=SEVERAL_GRAPHS)
    for name in manifest.files:
        pure = PureWindowsPath(name)  # knows what leads away on any system
        if pure.anchor or ".." in pure.parts:
            raise BundleError(f"{path} is damaged: file name {name!r} leaves the bundle")
    problem = next(_unfit_graphs(manifest), None)
    for name in (*manifest.graphs.values(), *_read_beside(manifest)):
        if problem is None and name not in manifest.files:
            problem = f"it does not list {name}"
    if problem:
        raise BundleError(f"{path} is damaged: {problem}")
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


def _unfit_graphs(manifest: Manifest) -> Iterator[str]:
    """What a manifest says of its graphs that its task or its format cannot be."""
    asked = next((task.graphs for task in TASKS if task.name == manifest.task), None)
    for role in asked or ():
        if role not in manifest.graphs:
            yield f"it names no {role}, which {manifest.task} needs"
    if (manifest.format == FORMAT) != (len(manifest.graphs) == 1):
        yield f"format {manifest.format} is not that of {len(manifest.graphs)} graphs"
    if (DECODER in manifest.graphs) != (manifest.writing is not None):
        yield "a decoder, and how it writes, are said together"
    yield from _unfit_writing(manifest.writing) if manifest.writing else ()


def _unfit_writing(writing: Writing) -> Iterator[str]:
    """What is said of a decoder that none can do."""
    if writing.longest(1) < 1:
        yield "its decoder would write no token"
    for name in ("begin_id", "end_id"):
        if not 0 <= getattr(writing, name) < writing.vocabulary:
            yield f"{name} of its decoder is none of {writing.vocabulary} tokens"


def _read_beside(manifest: Manifest) -> tuple[str, ...]:
    """The files that every reader of such a bundle opens, its graphs aside."""
    always = (TOKENIZER, GOLDEN)
    return (*always, TARGET_TOKENIZER) if manifest.writing else always


def read_record(cls: type[R], path: Path, *, newest: int = FORMAT) -> R:
    """Read a record of a bundle; raises as `read_manifest`.

    Args:
        cls: of the record.
        path: the file.
        newest: the latest format that is known of it.
    """
    refuse_pointer(path, BundleError)
    try:
        data = parse(path.read_text(encoding="utf-8"))
        found = data.get("format") if isinstance(data, dict) else None
        if isinstance(found, int) and found > newest:
            raise BundleError(
                f"{path} has format {found}; this edgebert reads up to {newest}: "
                "pip install -U edgebert"
            )
        return from_dict(cls, data)
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} is damaged: {error}") from error
