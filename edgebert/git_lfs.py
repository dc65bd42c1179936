"""Files that Git LFS has not fetched: a clone without it holds a few lines in place of each.

Format: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

from pathlib import Path

from edgebert.errors import EdgebertError, InputError

_FIRST_LINES = (
    b"version https://git-lfs.github.com/spec/",
    b"version https://hawser.github.com/spec/",  # what it was called at first
)


def refuse_pointer(path: Path, error: type[EdgebertError] = InputError) -> None:
    """Say so if a file is a pointer of Git LFS, whatever it should be.

    Args:
        path: a file; one that cannot be read is left to whoever reads it.
        error: what is raised.
    """
    if is_pointer(path):
        raise error(
            f"{path} is a Git LFS pointer, not the file itself: fetch it with 'git lfs pull', or "
            "download it again"
        )


def is_pointer(path: Path) -> bool:
    """Whether a file stands for another that Git LFS has not fetched; a pipe is never looked into."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(max(map(len, _FIRST_LINES))).startswith(_FIRST_LINES)
    except OSError:
        return False
