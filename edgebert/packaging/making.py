"""From bundles to a folder for one target: opened, checked, laid out beside its place, renamed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgebert.bounds import check_choice
from edgebert.bundle import Bundle, open_bundle
from edgebert.errors import InputError
from edgebert.output import new_folder, refuse_existing
from edgebert.packaging.node import write_node
from edgebert.packaging.targets import NODE, TARGETS, TRANSFORMERS_JS, WEB
from edgebert.packaging.transformers_js import write_transformers_js
from edgebert.packaging.web import vendored, write_web
from edgebert.records.made import PackageRecord

_RUN_ANYWHERE = ("cpu", "portable")
"""Targets of `edgebert export` that onnxruntime runs in a browser and in Node."""


def package_bundles(
    bundles: Sequence[str | Path],
    output: str | Path,
    *,
    target: str,
    vendor: Path | None = None,
    force: bool = False,
) -> PackageRecord:
    """Write the folder `output`.

    Args:
        bundles: one bundle; for transformers.js also the same model in several precisions, of which
            the first is the one that opens where none is asked for.
        output: the folder to write.
        target: one of `TARGETS`.
        vendor: for the web, the files of onnxruntime-web; without them the record and the README.md
            of `output` say where they belong.
        force: replace `output` if it exists.

    Raises:
        BundleError: a bundle is damaged, too new, or made for another target.
        InputError: no such target, bundles of different models, or one that the target cannot
            express; a `vendor` that lacks a file, or for another target.
        OutputError: `output` exists, or cannot be written.
    """
    check_choice("target", target, TARGETS)
    if vendor is not None and target != WEB:
        raise InputError(f"vendor is for the target {WEB}: leave it out for {target}")
    output = Path(output)
    opened = [_opened(Path(path), target) for path in bundles]
    for bundle in opened:
        refuse_existing(output, force=force, source=bundle.path)
    if target != TRANSFORMERS_JS and len(opened) != 1:
        raise InputError(f"the target {target} takes one bundle, and {len(opened)} were given")
    runtime = vendored(vendor) if vendor else None
    with new_folder(output, force=force) as folder:
        if target == WEB:
            missing = write_web(opened[0], folder, runtime)
        elif target == NODE:
            missing = write_node(opened[0], folder, output)
        else:
            missing = write_transformers_js(opened, folder, output.resolve().name)
        files = _sizes(folder)
    return PackageRecord(
        bundles=tuple(map(str, bundles)),
        output=str(output),
        target=target,
        task=opened[0].manifest.task,
        files=files,
        size_bytes=sum(files.values()),
        missing=missing,
        fingerprints=tuple(str(bundle.fingerprint()) for bundle in opened),
    )


def _opened(path: Path, target: str) -> Bundle:
    bundle = open_bundle(path, verify=True)
    if bundle.manifest.writing is not None:
        raise InputError(
            f"{path} writes texts, which runs in Python only yet: an app on {target} can ask "
            f"'edgebert serve {path}' for them"
        )
    made_for = bundle.manifest.target
    if made_for not in _RUN_ANYWHERE:
        raise InputError(
            f"{path} is made for {made_for}, which {target} cannot run: make one with "
            f"'edgebert export MODEL --target {_RUN_ANYWHERE[0]}'"
        )
    return bundle


def _sizes(folder: Path) -> dict[str, int]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(files)}
