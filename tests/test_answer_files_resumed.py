"""A run that is killed goes on where it stopped, and ends with the very same file."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgebert.answer_files import Columns, open_layout, resumed_file, write_answers
from edgebert.answer_files.rows import Row, answer_row
from edgebert.errors import InputError, OutputError
from edgebert.records.manifest import EMBEDDINGS
from edgebert.tasks import task_of

ROOT = Path(__file__).parent.parent
ENDINGS = pytest.mark.parametrize("ending", ["jsonl", "csv", "npy", "parquet"])
COLUMNS = Columns(task_of(EMBEDDINGS), width=3)
RUN = {"bundle": "sha256 1", "input": "9 texts"}
COUNT = 6


@pytest.fixture(autouse=True)
def _every_row_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgebert.answer_files.resuming._SECONDS_BETWEEN_SAFE_POINTS", 0.0)


def rows(start: int = 0, stop: int = COUNT) -> Iterator[Row]:
    for number in range(start, stop):
        yield answer_row(COLUMNS.task, f"text\n{number}", np.full(3, number / 7, np.float32))


def finish(path: Path, run: dict[str, str] = RUN, *, force: bool = False) -> int:
    """Write what is missing; return how many texts an earlier run had answered."""
    with resumed_file(path, run, force=force) as file:
        before = file.texts
        if not file.whole:
            file.write(rows(before), open_layout(path, COLUMNS))
    return before


def stop_at(path: Path, number: int, error: BaseException) -> None:
    """A run that ends with `error` before text `number`."""

    def failing(start: int) -> Iterator[Row]:
        yield from rows(start, number)
        raise error

    with resumed_file(path, RUN) as file:
        file.write(failing(file.texts), open_layout(path, COLUMNS))


def whole(folder: Path, ending: str) -> bytes:
    """The file of a run that nothing interrupts and that keeps no journal."""
    folder.mkdir()
    path = folder / f"whole.{ending}"
    write_answers(path, rows(), open_layout(path, COLUMNS))
    return path.read_bytes()


@ENDINGS
def test_an_uninterrupted_run_ends_with_the_file_and_nothing_else(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / "new" / f"v.{ending}"
    assert finish(path) == 0
    assert path.read_bytes() == whole(tmp_path / "other", ending)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@ENDINGS
def test_a_run_that_fails_again_and_again_ends_with_the_same_file(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"v.{ending}"
    for number in (1, 2, 5, 5, COUNT):
        with pytest.raises(InputError, match="no"):
            stop_at(path, number, InputError("no"))
        assert [p.name for p in tmp_path.iterdir()] == [f"v.{ending}.part"]
    assert finish(path) == COUNT
    assert path.read_bytes() == whole(tmp_path / "other", ending)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", path.name]


@ENDINGS
def test_answers_after_the_last_safe_point_are_written_anew(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"v.{ending}"
    with pytest.raises(InputError):
        stop_at(path, 4, InputError("no"))
    monkeypatch.setattr("edgebert.answer_files.resuming._SECONDS_BETWEEN_SAFE_POINTS", 1e9)
    with pytest.raises(InputError):
        stop_at(path, 5, InputError("no"))
    with (tmp_path / f"v.{ending}.part" / "answers").open("ab") as answers:
        answers.write(b"half a li")
    assert finish(path) == 4
    assert path.read_bytes() == whole(tmp_path / "other", ending)


# The process is killed at every step that it takes in the file system, each time in a folder of its
# own, and a second run goes on. Children are forks of one process that has everything imported.
_KILLED_AT_EVERY_STEP = """
import os, signal, sys
from pathlib import Path
import test_answer_files_resumed as test
from edgebert.answer_files import open_layout, resuming

resuming._SECONDS_BETWEEN_SAFE_POINTS = 0.0
EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree", "fcntl.flock"}
folder, ending = Path(sys.argv[1]), sys.argv[2]
open_layout(Path(f"a.{ending}"), test.COLUMNS)  # imports what it needs

def in_child(run):
    child = os.fork()
    if child == 0:
        run()
        os._exit(0)
    return os.waitpid(child, 0)[1]

def killed(path, step):
    left = step
    def count(event, arguments):
        nonlocal left
        if event in EVENTS:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    test.finish(path)

step, status = 0, signal.SIGKILL
while status != 0:
    path = folder / str(step) / f"v.{ending}"
    path.parent.mkdir()
    status = in_child(lambda: killed(path, step))
    assert status in (0, signal.SIGKILL), status
    if path.exists():
        print("whole", step)
    if not path.exists() or list(path.parent.glob("*/journal.json")):  # else it had ended
        assert in_child(lambda: test.finish(path)) == 0, step
    for empty in path.parent.glob("*.part"):
        empty.rmdir()
    assert [p.name for p in path.parent.iterdir()] == [path.name], (step, list(path.parent.rglob("*")))
    print("bytes", path.read_bytes().hex())
    step += 1
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@ENDINGS
def test_a_run_killed_at_any_step_ends_with_the_same_file(tmp_path: Path, ending: str) -> None:
    (tmp_path / "runs").mkdir()
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _KILLED_AT_EVERY_STEP, tmp_path / "runs", ending],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [line.split() for line in ran.stdout.splitlines()]
    expected = whole(tmp_path / "other", ending).hex()
    found = [line[1] for line in lines if line[0] == "bytes"]
    assert set(found) == {expected}
    assert len(found) > 20  # steps
    assert sum(line[0] == "whole" for line in lines) > 1  # killed after the file took its place


# what cannot be gone on with


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A file of which another run left four answers."""
    path = tmp_path / "v.jsonl"
    with pytest.raises(InputError):
        stop_at(path, 4, InputError("no"))
    return path


def complaint(path: Path, run: dict[str, str] = RUN) -> str:
    with pytest.raises(OutputError) as caught:
        finish(path, run)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (RUN | {"bundle": "sha256 2"}, "its bundle was sha256 1, now sha256 2"),
        (RUN | {"more": "a"}, "its more was none, now a"),
        ({"bundle": "b"}, "its bundle was sha256 1, now b; its input was 9 texts, now none"),
    ],
)
def test_another_run_is_told_what_differs_and_loses_nothing(
    left: Path, run: dict[str, str], told: str
) -> None:
    folder = f"{left}.part"
    assert complaint(left, run) == (
        f"{folder} is of another run: {told}. Give the same again, or remove {folder} to begin anew"
    )
    assert finish(left) == 4


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl.part").mkdir()
    (tmp_path / "v.jsonl.part" / "thesis").touch()
    told = complaint(tmp_path / "v.jsonl")
    assert told == f"{tmp_path / 'v.jsonl.part'} is in the way: it holds no unfinished run"
    assert (tmp_path / "v.jsonl.part" / "thesis").exists()


def test_a_file_where_the_folder_belongs_is_told(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl.part").touch()
    told = complaint(tmp_path / "v.jsonl")
    assert told == f"{tmp_path / 'v.jsonl'} cannot be written: File exists"


def test_damage_is_told(left: Path) -> None:
    folder = left.with_name("v.jsonl.part")
    answers = folder / "answers"
    answers.write_bytes(answers.read_bytes()[:10])
    told = complaint(left)
    assert told == f"{folder} is damaged: bytes of its answers are missing; remove it"
    journal = json.loads((folder / "journal.json").read_text())
    (folder / "journal.json").write_text(json.dumps(journal | {"format": 2}))
    assert complaint(left).startswith(f"{folder} is of another edgebert; ")
    (folder / "journal.json").write_text("{")
    with pytest.raises(InputError, match=r"journal\.json is no journal of an unfinished run"):
        finish(left)


def test_a_second_process_is_refused_while_the_first_is_at_it(left: Path) -> None:
    with resumed_file(left, RUN):
        assert complaint(left) == f"{left}.part is in use by another run"
    assert finish(left) == 4


def test_a_second_process_is_refused_and_the_first_goes_on_before_it_has_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / "v.jsonl"
    with resumed_file(path, RUN):
        assert complaint(path) == f"{path}.part is in use by another run"
        assert path.with_name("v.jsonl.part").is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_went_away_before_it_was_locked_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = tmp_path / "v.jsonl", fcntl.flock

    def locked_late(descriptor: int, how: int) -> None:
        path.with_name("v.jsonl.part").rmdir()  # by a run that had the lock until now
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", locked_late)
    assert complaint(path) == f"{path}.part is in use by another run"


# files that are there already


def test_a_whole_file_is_not_replaced_without_force(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text("old")
    expected = f"{path} exists. Choose another output or add --force to replace it"
    assert complaint(path) == expected
    assert [p.name for p in tmp_path.iterdir()] == ["v.jsonl"]
    with pytest.raises(InputError), resumed_file(path, RUN, force=True):
        raise InputError("no")
    assert path.read_text() == "old"
    assert finish(path, force=True) == 0
    assert path.read_bytes() == whole(tmp_path / "other", "jsonl")


def test_a_folder_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").mkdir()
    with pytest.raises(OutputError, match="is a folder; a file name is needed"):
        finish(tmp_path / "v.jsonl", force=True)


def test_a_link_stays_and_what_it_leads_to_is_made(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "v.jsonl").symlink_to(tmp_path / "disk" / "real.jsonl")
    with pytest.raises(InputError):
        stop_at(tmp_path / "v.jsonl", 4, InputError("no"))
    assert finish(tmp_path / "v.jsonl") == 4
    assert (tmp_path / "v.jsonl").is_symlink()
    assert [p.name for p in (tmp_path / "disk").iterdir()] == ["real.jsonl"]


# what is told, and what is left


def test_an_interrupted_run_says_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    with pytest.raises(KeyboardInterrupt) as caught:
        stop_at(path, 4, KeyboardInterrupt())
    assert str(caught.value) == (
        f"Interrupted; the answers to 4 texts are kept in {path}.part; "
        "the same command goes on with them"
    )
    assert finish(path) == 4


def test_a_full_disk_says_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "v.jsonl"
    with pytest.raises(OutputError) as caught:
        stop_at(path, 4, OSError(28, "No space left on device"))
    assert str(caught.value) == (
        f"{path} cannot be written: No space left on device; "
        f"the answers to 4 texts are kept in {path}.part; the same command goes on with them"
    )
    assert finish(path) == 4


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "full"), InputError("no")])
def test_a_run_that_answered_nothing_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises((KeyboardInterrupt, OutputError, InputError)) as caught:
        stop_at(tmp_path / "v.jsonl", 0, error)
    assert "kept" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_says_what_it_is(left: Path) -> None:
    journal: dict[str, Any] = json.loads((Path(f"{left}.part") / "journal.json").read_text())
    size = (Path(f"{left}.part") / "answers").stat().st_size
    assert journal == {"format": 1, "run": RUN, "texts": 4, "size_bytes": size}
    shutil.rmtree(f"{left}.part")
    assert finish(left) == 0  # begun anew
