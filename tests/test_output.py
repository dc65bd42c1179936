"""Outputs appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from edgebert.errors import BundleError, OutputError
from edgebert.output import new_file, new_folder, refuse_existing

New = Callable[..., AbstractContextManager[Path]]
ROOT = Path(__file__).parent.parent


def write_into(beside: Path) -> Path:
    """Write a first piece of the output; return the file that holds it."""
    file = beside / "piece" if beside.is_dir() else beside
    file.write_text("new")
    return file


def content(path: Path) -> str:
    return (path / "piece" if path.is_dir() else path).read_text()


@pytest.fixture(params=[new_folder, new_file], ids=["folder", "file"])
def new(request: pytest.FixtureRequest) -> New:
    made: New = request.param
    return made


def test_an_output_appears_when_the_block_ends(tmp_path: Path, new: New) -> None:
    with new(tmp_path / "out") as beside:
        write_into(beside)
        assert not (tmp_path / "out").exists()
        assert beside.parent == tmp_path  # the same file system, so that renaming is one step
    assert content(tmp_path / "out") == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, BundleError])
def test_a_block_that_fails_or_is_interrupted_leaves_nothing(
    tmp_path: Path, new: New, error: type[BaseException]
) -> None:
    with pytest.raises(error), new(tmp_path / "out") as beside:
        write_into(beside)
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["source", "."])
def test_what_it_is_made_from_is_never_replaced(tmp_path: Path, output: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with pytest.raises(OutputError, match="is or holds the source"):
        refuse_existing(tmp_path / output, force=True, source=source)
    refuse_existing(source / "inside", force=True, source=source)
    refuse_existing(tmp_path / "org", force=True, source="org/a-hub-id")


def test_a_new_output_that_fails_keeps_the_old_one(tmp_path: Path, new: New) -> None:
    with new(tmp_path / "out") as beside:
        write_into(beside).write_text("old")
    with pytest.raises(KeyboardInterrupt), new(tmp_path / "out", force=True) as beside:
        write_into(beside)
        raise KeyboardInterrupt
    assert content(tmp_path / "out") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_existing_output_is_refused(tmp_path: Path, new: New) -> None:
    (tmp_path / "out").write_text("old")
    with pytest.raises(OutputError) as caught, new(tmp_path / "out"):
        pytest.fail("the block must not run")
    expected = f"{tmp_path / 'out'} exists. Choose another output or add --force to replace it"
    assert str(caught.value) == expected
    assert content(tmp_path / "out") == "old"


def test_force_replaces_an_output_whole(tmp_path: Path, new: New) -> None:
    with new(tmp_path / "out") as beside:
        write_into(beside).write_text("old")
    if (tmp_path / "out").is_dir():
        (tmp_path / "out" / "left over").touch()
    with new(tmp_path / "out", force=True) as beside:
        write_into(beside)
        assert content(tmp_path / "out") == "old"
    assert content(tmp_path / "out") == "new"
    assert len(list(tmp_path.rglob("*"))) == (2 if (tmp_path / "out").is_dir() else 1)


def test_force_puts_a_folder_where_a_file_was(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    with new_folder(tmp_path / "out", force=True) as beside:
        write_into(beside)
    assert content(tmp_path / "out") == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_file_never_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="is a folder; a file name is needed"),
        new_file(tmp_path, force=True),
    ):
        pytest.fail("the block must not run")


def test_a_device_is_never_replaced_by_a_file() -> None:
    with (
        pytest.raises(OutputError, match="/dev/null is no regular file; a file name is needed"),
        new_file(Path("/dev/null"), force=True),
    ):
        pytest.fail("the block must not run")


def test_force_never_replaces_the_folder_one_works_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for path in (Path(), tmp_path / "work", Path("..")):
        with pytest.raises(OutputError, match="holds the working folder and cannot be replaced"):
            refuse_existing(path, force=True)


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, new: New) -> None:
    (tmp_path / "disk").mkdir()
    with new(tmp_path / "disk/out") as beside:
        write_into(beside).write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "disk/out")
    with new(tmp_path / "link", force=True) as beside:
        write_into(beside)
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "disk/out") == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["disk", "link"]
    assert [p.name for p in (tmp_path / "disk").iterdir()] == ["out"]


def test_missing_folders_above_an_output_are_made(tmp_path: Path, new: New) -> None:
    with new(tmp_path / "a/b/out") as beside:
        write_into(beside)
    assert content(tmp_path / "a/b/out") == "new"


def test_an_output_below_a_file_cannot_be_written(tmp_path: Path, new: New) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="cannot be written") as caught,
        new(tmp_path / "file/out"),
    ):
        pytest.fail("the block must not run")
    assert "\n" not in str(caught.value)


def test_a_new_folder_has_the_permissions_any_new_folder_has(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with new_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "piece"),
        Exception("No space left on device (os error 28)"),  # tokenizers
        RuntimeError("I/O error: No space left on device (os error 28)"),  # safetensors
    ],
    ids=["python", "tokenizers", "safetensors"],
)
def test_a_full_disk_is_told_in_one_line(tmp_path: Path, new: New, error: Exception) -> None:
    with pytest.raises(OutputError) as caught, new(tmp_path / "out") as beside:
        write_into(beside)
        raise error
    assert str(caught.value) == f"{tmp_path / 'out'} cannot be written: No space left on device"
    assert list(tmp_path.iterdir()) == []


_COPY = """
import resource, shutil, sys
from pathlib import Path
from edgebert.output import new_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with new_folder(Path(sys.argv[2])) as folder:
    {write}
"""


@pytest.mark.parametrize(
    "write",
    [
        "(folder / 'a').write_bytes(bytes(2000))",
        "shutil.copytree(sys.argv[1], folder, dirs_exist_ok=True)",
        "import numpy, safetensors.numpy as s; s.save_file({'a': numpy.zeros(999)}, folder / 'a')",
        "import tokenizers as t; t.Tokenizer(t.models.BPE({'a' * 999: 0}, [])).save(f'{folder}/a')",
    ],
    ids=["python", "shutil", "safetensors", "tokenizers"],
)
def test_a_write_that_the_system_refuses_is_one_line_and_leaves_nothing(
    tmp_path: Path, write: str
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/large").write_bytes(bytes(2000))
    run = subprocess.run(
        [sys.executable, "-c", _COPY.format(write=write), tmp_path / "source", tmp_path / "out"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    last = run.stderr.strip().splitlines()[-1]
    expected = f"edgebert.errors.OutputError: {tmp_path / 'out'} cannot be written: File too large"
    assert last == expected
    assert [p.name for p in tmp_path.iterdir()] == ["source"]


def test_an_error_that_is_not_about_writing_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no such model"), new_folder(tmp_path / "out"):
        raise OSError("no such model")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_ours_is_not_reworded(tmp_path: Path) -> None:
    message = "graph cannot be loaded: [Errno 28] No space left on device"
    with pytest.raises(BundleError) as caught, new_folder(tmp_path / "out"):
        raise BundleError(message)
    assert str(caught.value) == message
