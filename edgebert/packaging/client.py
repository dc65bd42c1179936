"""The client for JavaScript as it is built: beside the one for Python, in a clone and in a wheel."""

from __future__ import annotations

import shutil
from pathlib import Path

from edgebert import runtimes
from edgebert.errors import EdgebertError

CLIENT, MINIFIED, SOURCE_MAP, WORKER, TYPES = (
    "edgebert.js",
    "edgebert.min.js",
    "edgebert.min.js.map",
    "worker.js",
    "types",
)

ONNXRUNTIME = "1.30.0"
"""The release of onnxruntime-web and onnxruntime-node that the client is tested with."""

_BUILT = Path(runtimes.__file__).resolve().parent.parent / "web" / "dist"


def copy_client(folder: Path, *names: str) -> None:
    """Copy files and folders of the built client.

    Raises:
        EdgebertError: this installation lacks one.
    """
    for name in names:
        source = _BUILT / name
        if not source.exists():
            raise EdgebertError(
                f"{source} is missing: pip install --force-reinstall edgebert, or in a clone "
                "'npm ci && npm run build' in runtimes/web"
            )
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copyfile(source, folder / name)


def copy_page(folder: Path) -> None:
    """Copy the files of the page."""
    shutil.copytree(Path(__file__).with_name("page"), folder, dirs_exist_ok=True)
