"""The client's own checks: rebuilt byte for byte, its types, its tests."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from web.running import CLIENT, WORK, run

MOST_BYTES = 60_000
"""Of the minified client, compressed as servers do."""


def rebuilt() -> Iterator[str]:
    """Build the client beside the one that is committed, and compare all of its files."""
    again = WORK / "dist"
    run("node", "build.mjs", again, cwd=CLIENT)
    committed = CLIENT / "dist"
    one, other = _files(committed), _files(again)
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield f"dist/{name} is not what the sources build: run 'npm run build' in runtimes/web"
    size = len(gzip.compress((committed / "edgebert.min.js").read_bytes(), 9))
    if size > MOST_BYTES:
        yield f"the client has {size} bytes gzip, more than {MOST_BYTES}"


def typed() -> Iterator[str]:
    """Its types, strictly."""
    run("npm", "run", "--silent", "types", cwd=CLIENT)
    yield from ()


def tested() -> Iterator[str]:
    """Its own tests."""
    said = run("npm", "run", "--silent", "test", cwd=CLIENT)
    if any(line.endswith("skipped 0") for line in said.splitlines()):
        return
    yield f"tests of runtimes/web were skipped: {said[-600:]}"


def _files(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
