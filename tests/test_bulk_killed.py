"""A job whose runs are killed anywhere is gone on with, and ends with the very same outputs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgebert.cli import main

TEXTS = {"a.txt": "one\ntwo\nthree\nfour\nfive\n", "sub/b.txt": "six\nseven\n"}

# The process is killed at steps that it takes in the file system, each time in a folder of its own,
# and a second run goes on. Children are forks of one process that has everything imported.
_KILLED = """
import os, signal, sys
from pathlib import Path
import edgebert.bulk.planning
from edgebert.bulk import Asking, run_bulk
from edgebert.bulk.job import JobFolder
from edgebert.bulk.local import LocalWorkers
from edgebert.bulk.worker import Worker
from edgebert.data import Columns
import edgebert.answer_files.parquet_table

edgebert.bulk.planning._TEXTS_IN_A_SHARD = 2
EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree", "fcntl.flock"}
bundle, texts, folder, ending, first, stride = sys.argv[1:]
options = {"prompt": None, "long_text": "truncate"}
asking = Asking(
    Path(bundle), "auto", "auto", "embed", "feature-extraction", options, {}, False, Columns(), ending
)
write = Worker.write

def run(output, seen=lambda shard: None):
    def written(worker, shard, passed):
        seen(shard)
        return write(worker, shard, passed)
    Worker.write = written
    outcome = run_bulk(asking, Path(texts), output, LocalWorkers(asking))
    assert not outcome.waiting and not outcome.failures

def in_child(run):
    child = os.fork()
    if child == 0:
        try:
            run()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]

def killed(output, step):
    left = step
    def count(event, arguments):
        nonlocal left
        if event in EVENTS and str(output) in str(arguments):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)
    run(output)

def goes_on(output):
    job = JobFolder(output)
    before = job.done(job.read()) if job.job_path.exists() else set()
    run(output, lambda shard: (shard.input, shard.number) not in before or os._exit(2))

def state(output):
    return {str(p.relative_to(output)): p.read_bytes().hex() for p in sorted(output.rglob("*")) if p.is_file()}

step, status = int(first), signal.SIGKILL
assert in_child(lambda: run(Path(folder) / "whole")) == 0
whole = state(Path(folder) / "whole")
while status != 0:
    output = Path(folder) / str(step)
    status = in_child(lambda: killed(output, step))
    assert status in (0, signal.SIGKILL), status
    assert in_child(lambda: goes_on(output)) == 0, step
    assert state(output) == whole, (step, state(output).keys())
    print(step)
    step += int(stride)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize(("ending", "first"), [("jsonl", 0), ("npy", 3), ("parquet", 6)])
def test_a_job_killed_at_any_step_ends_with_the_same_outputs(
    tmp_path: Path, tiny_bundle: Path, ending: str, first: int
) -> None:
    """Every ninth step of each; together every third."""
    for name, text in TEXTS.items():
        (tmp_path / "texts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "texts" / name).write_text(text)
    (tmp_path / "runs").mkdir()
    given = [tiny_bundle, tmp_path / "texts", tmp_path / "runs", ending, first, 9]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _KILLED, *map(str, given)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) > 5


def test_two_runs_at_once_end_with_the_outputs_of_one(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shares, and twice the same run: whoever is last joins, and nobody is in another's way."""
    (tmp_path / "texts").mkdir()
    for number in range(6):
        lines = "".join(f"text {line} of {number}\n" for line in range(40))
        (tmp_path / "texts" / f"{number}.txt").write_text(lines)
    runs = [start(tiny_bundle, tmp_path, "shares", share) for share in ("1/2", "2/2")]
    runs += [start(tiny_bundle, tmp_path, "twice", None) for _ in range(2)]
    for run in runs:
        said = run.communicate()[1]
        assert run.returncode == 0, said
    monkeypatch.setattr("edgebert.bulk.planning._TEXTS_IN_A_SHARD", 7)
    for output in ("whole", "shares"):  # what both left to each other is joined by any run
        ended = CliRunner().invoke(main, arguments(tiny_bundle, tmp_path, output, None))
        assert ended.exit_code == 0, ended.output
    whole = contents(tmp_path / "whole")
    assert len(whole) == 7
    assert contents(tmp_path / "shares") == whole
    assert contents(tmp_path / "twice") == whole


_SMALL_SHARDS = """
import edgebert.bulk.planning
edgebert.bulk.planning._TEXTS_IN_A_SHARD = 7
from edgebert.cli import main
main()
"""


def arguments(bundle: Path, folder: Path, output: str, share: str | None) -> list[str]:
    more = ["--shards", share] if share else []
    given = ["embed", bundle, "--input", folder / "texts", "-o", folder / output, *more]
    return list(map(str, given))


def start(bundle: Path, folder: Path, output: str, share: str | None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _SMALL_SHARDS, *arguments(bundle, folder, output, share)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_ctrl_c_leaves_what_the_same_command_goes_on_with(
    tmp_path: Path, tiny_bundle: Path
) -> None:
    (tmp_path / "texts").mkdir()
    lines = "".join(f"text {line} and more of it\n" for line in range(30_000))
    (tmp_path / "texts/a.txt").write_text(lines)
    run = start(tiny_bundle, tmp_path, "out", None)
    while not list((tmp_path / "out").glob(".parts/*/*-*.json")):
        assert run.poll() is None
    run.send_signal(signal.SIGINT)
    said = run.communicate()[1]
    assert run.returncode == 130
    assert said.startswith("Interrupted; ")
    assert said.endswith("; the same command goes on with them\n")
    assert said.count("\n") == 1
