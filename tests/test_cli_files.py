"""embed, classify and their kin on files: every format in and out, pipes, and runs that are killed."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import edgebert
from edgebert.cli import main
from edgebert.data.makers import file_beside

ROOT = Path(__file__).parent.parent
TEXTS = ["turn the lamp on", "", "café, 灯", 'anna "is" late']
PAIRS = [("a lamp", "the fan"), ("ben", ""), ("灯", "in paris")]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def succeed(*arguments: str | Path) -> str:
    """Run a command; return what it said on stderr."""
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    return result.stderr


def complaint(*arguments: str | Path) -> str:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").removesuffix("\n")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_texts(path: Path, texts: list[str]) -> Path:
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        pq.write_table(pa.table({"text": texts}), path)
        return path
    lines = {
        "txt": texts,
        "tsv": ["text", *texts],
        "csv": ["text,n", *('"' + text.replace('"', '""') + '",1' for text in texts)],
        "jsonl": [json.dumps({"text": text}) for text in texts],
    }
    if kind == "tsv":  # whose empty lines are passed over
        lines["tsv"] = ["n\ttext", *(f"1\t{text}" for text in texts)]
    path.write_text("\n".join([*lines[kind], ""]), encoding="utf-8")
    return path


def write_pairs(path: Path) -> Path:
    first, second = zip(*PAIRS, strict=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"sentence1": first, "sentence2": second}), path)
    else:
        lines = ["sentence1\tsentence2", *("\t".join(pair) for pair in PAIRS)]
        path.write_text("\n".join(lines), encoding="utf-8")
    return path


# in and out


@pytest.mark.parametrize("ending", ["txt", "tsv", "csv", "jsonl", "parquet"])
def test_every_kind_of_input_is_answered(work: Path, tiny_bundle: Path, ending: str) -> None:
    succeed("embed", tiny_bundle, "--input", write_texts(Path(f"a.{ending}"), TEXTS), "-o", "v.npy")
    expected = edgebert.load(tiny_bundle).embed(TEXTS)
    assert np.array_equal(np.load("v.npy"), expected)


def test_every_kind_of_output_holds_the_same_vectors_bit_for_bit(
    work: Path, tiny_bundle: Path
) -> None:
    write_texts(Path("a.txt"), TEXTS)
    for ending in ("jsonl", "csv", "npy", "parquet"):
        succeed("embed", tiny_bundle, "--input", "a.txt", "-o", f"v.{ending}")
    expected = edgebert.load(tiny_bundle).embed(TEXTS)
    rows = [json.loads(line) for line in Path("v.jsonl").read_text().splitlines()]
    table = pq.read_table("v.parquet")
    with Path("v.csv").open(newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert np.array_equal(np.load("v.npy"), expected)
    assert np.array_equal(np.asarray([r["embedding"] for r in rows], np.float32), expected)
    assert np.array_equal(np.asarray(table["embedding"].to_pylist(), np.float32), expected)
    parsed = [json.loads(cell["embedding"]) for cell in cells]
    assert np.array_equal(np.asarray(parsed, np.float32), expected)
    for texts in ([r["text"] for r in rows], table["text"].to_pylist(), [c["text"] for c in cells]):
        assert texts == TEXTS


@pytest.mark.parametrize("ending", ["tsv", "parquet"])
def test_pairs_are_classified_into_a_column_for_each_text(
    work: Path, tiny_classifier_bundle: Path, ending: str
) -> None:
    write_pairs(Path(f"a.{ending}"))
    for output in ("jsonl", "csv", "parquet"):
        succeed("classify", tiny_classifier_bundle, "--input", f"a.{ending}", "-o", f"c.{output}")
    expected = edgebert.load(tiny_classifier_bundle).classify(PAIRS)
    rows = [json.loads(line) for line in Path("c.jsonl").read_text().splitlines()]
    assert [tuple(row["text"]) for row in rows] == PAIRS
    assert [row["scores"] for row in rows] == [answer.scores for answer in expected]
    table = pq.read_table("c.parquet")
    assert table.column_names == ["text", "text_pair", "label", "score", "scores"]
    assert list(zip(*table.to_pydict().values(), strict=True)) == [
        (*pair, answer.label, answer.score, answer.scores)
        for pair, answer in zip(PAIRS, expected, strict=True)
    ]
    with Path("c.csv").open(newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert [(cell["text"], cell["text_pair"]) for cell in cells] == PAIRS
    assert [float(cell["score"]) for cell in cells] == [answer.score for answer in expected]
    assert [json.loads(cell["scores"]) for cell in cells] == [a.scores for a in expected]


def test_entities_are_written_to_every_format(work: Path, tiny_tagger_bundle: Path) -> None:
    write_texts(Path("a.txt"), TEXTS)
    for output in ("jsonl", "csv", "parquet"):
        succeed("tag", tiny_tagger_bundle, "--input", "a.txt", "-o", f"t.{output}")
    rows = [json.loads(line) for line in Path("t.jsonl").read_text().splitlines()]
    assert any(row["entities"] for row in rows)
    assert len({row.pop("fingerprint") for row in rows}) == 1
    assert pq.read_table("t.parquet").to_pylist() == rows
    with Path("t.csv").open(newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert [{"text": c["text"], "entities": json.loads(c["entities"])} for c in cells] == rows


def test_what_embed_writes_is_a_side_of_check(work: Path, tiny_bundle: Path) -> None:
    write_texts(Path("a.txt"), TEXTS)
    succeed("embed", tiny_bundle, "--input", "a.txt", "-o", "v.jsonl")
    result = call("check", "v.jsonl", tiny_bundle, "--data", "a.txt", "--max-drift", "1e-9")
    assert (result.exit_code, result.stderr) == (0, "")


def test_missing_folders_above_an_output_are_made(work: Path, tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "a", "-o", "new/folder/v.csv")
    assert names(work / "new" / "folder") == ["v.csv", "v.csv.made_by.json"]


def test_arguments_can_be_written_too(work: Path, tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "a", "b", "-o", "v.parquet")
    assert pq.read_table("v.parquet")["text"].to_pylist() == ["a", "b"]


# what is refused


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"fine\nna\xefve\n", "a.txt, line 2: this is not UTF-8 text"),
        ("a.csv", b"text\nfine\na,b\n", "a.csv, line 3: 2 columns, but the header has 1 (text)"),
        ("a.jsonl", b'{"text": "fine"}\n{"text": 7}\n', "a.jsonl, line 2: 'text' should be text, not int"),
        ("a.jsonl", b'{"text": "fine"}\n{"txt": "b"}\n', "a.jsonl, line 2: no 'text'"),
        ("a.txt", b"", "a.txt holds no text"),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_before_any_work(
    work: Path, name: str, content: bytes, told: str
) -> None:
    Path(name).write_bytes(content)
    for more in ([], ["-o", "v.jsonl"], ["-o", "v.jsonl", "--resume"]):
        assert complaint("embed", "no-bundle", "--input", name, *more) == told
    assert names(work) == [name]


def test_the_input_is_never_replaced(work: Path, tiny_bundle: Path) -> None:
    write_texts(Path("a.jsonl"), TEXTS)
    for more in (["--force"], ["--force", "--resume"]):
        told = complaint("embed", tiny_bundle, "--input", "a.jsonl", "-o", "./a.jsonl", *more)
        assert told == "a.jsonl is or holds the source, which is never replaced"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("a -o v.npy --resume", "--resume goes from a file to a file: give --input and --output"),
        ("--input a.txt --resume", "--resume goes from a file to a file: give --input and --output"),
        ("--input - -o v.npy --resume", "stdin cannot be read a second time: --resume needs a file"),
        ("a --text-column x", "--text-column names a column of a table: give one with --input"),
        ("--input - --text-column x", "--text-column names a column of a table: give one with --input"),
        ("a --input a.txt", "give texts as arguments, or a file with --input"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_wrong_usage(arguments: str, told: str) -> None:
    result = call("embed", "bundle", *arguments.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == f"Error: {told}"


def test_without_pyarrow_the_extra_is_named_before_any_work(work: Path) -> None:
    write_texts(Path("a.txt"), TEXTS)
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import importlib.util as util; find = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'pyarrow' else find(name)\n"
        "from edgebert.cli import main; main(prog_name='edgebert')"
    )
    for words, step in (
        ("--input a.txt -o v.parquet", "writing v.parquet"),
        ("--input a.parquet", "reading a.parquet"),
    ):
        ran = subprocess.run(
            [sys.executable, "-c", code, "embed", "no-bundle", *words.split()],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
            capture_output=True,
            text=True,
        )
        expected = f"Error: {step} needs more packages: pip install 'edgebert[tables]'\n"
        assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", expected)


# pipes


def test_a_line_on_stdin_is_answered_before_the_next_one_comes(tiny_bundle: Path) -> None:
    command = [sys.executable, "-m", "edgebert", "embed", str(tiny_bundle), "--input", "-"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for text in ("turn the lamp on", "", "anna"):
            running.stdin.write(f"{text}\n")
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["text"] == text
        running.stdin.close()
        assert (running.wait(), running.stdout.read()) == (0, "")


def test_a_pipe_with_nothing_in_it_yet_is_not_at_its_end(tiny_bundle: Path) -> None:
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    command = [sys.executable, "-m", "edgebert", "embed", str(tiny_bundle), "--input", "-"]
    with (
        subprocess.Popen(
            command, cwd=ROOT, stdin=ours, stdout=subprocess.PIPE, text=True
        ) as running,
        os.fdopen(theirs, "w") as pipe,
    ):
        os.close(ours)
        assert running.stdout is not None
        for text in ("one", "two"):
            time.sleep(0.5)
            pipe.write(f"{text}\n")
            pipe.flush()
            assert json.loads(running.stdout.readline())["text"] == text
        pipe.close()
        assert (running.wait(), running.stdout.read()) == (0, "")


def test_lines_of_a_named_pipe_are_answered_while_it_is_silent(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "texts.txt")
    command = [sys.executable, "-m", "edgebert", "embed", str(tiny_bundle), "--input"]
    with subprocess.Popen(
        [*command, str(tmp_path / "texts.txt")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        with (tmp_path / "texts.txt").open("w") as pipe:
            for text in ("one", "two", "three", "four"):
                pipe.write(f"{text}\n")
            pipe.flush()
            for text in ("one", "two", "three", "four"):  # the pipe stays open meanwhile
                assert json.loads(running.stdout.readline())["text"] == text
        assert (running.wait(), running.stdout.read()) == (0, "")


def test_ctrl_c_while_stdin_is_silent_ends_the_command(tiny_bundle: Path) -> None:
    command = [sys.executable, "-m", "edgebert", "embed", str(tiny_bundle), "--input", "-"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdin.write("anna\n")
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["text"] == "anna"
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        told = "Interrupted; nothing half-written was left behind.\n"
        assert running.stderr.read() == told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_read_once(work: Path, tiny_bundle: Path) -> None:
    os.mkfifo("a.txt")
    command = [sys.executable, "-m", "edgebert", "embed", str(tiny_bundle), "--input", "a.txt"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, "-o", "v.parquet"], env=environment, stderr=subprocess.PIPE, text=True
    ) as running:
        Path("a.txt").write_text("a lamp\n\nthe fan\n")
        assert running.stderr is not None
        assert (running.wait(), running.stderr.read()) == (0, "")
    assert pq.read_table("v.parquet")["text"].to_pylist() == ["a lamp", "", "the fan"]


# resuming

_ALWAYS_SAFE = """
from edgebert.answer_files import resuming
resuming._SECONDS_BETWEEN_SAFE_POINTS = 0.0
from edgebert.cli import main
main(prog_name="edgebert")
"""
MANY = 600


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """A command in a process of its own, in which every answer that is written is safe at once."""
    return subprocess.Popen(
        [sys.executable, "-c", _ALWAYS_SAFE, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answered(target: Path) -> int:
    """How many texts the journal of an unfinished run says are safe."""
    try:
        journal = json.loads((Path(f"{target}.part") / "journal.json").read_text())
    except FileNotFoundError:
        return 0
    return int(journal["texts"])


def stop_after(
    running: subprocess.Popen[str], target: Path, texts: int, stop: signal.Signals
) -> tuple[int, str]:
    """End a run once so many texts are safe; return its code and stderr."""
    deadline = time.monotonic() + 120
    while answered(target) < texts:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.001)
    running.send_signal(stop)
    _, errors = running.communicate()
    return running.returncode, errors


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of texts of different lengths, some of them the same."""
    generator = random.Random(11)
    words = "turn the lamp on in kitchen anna ben paris berlin 灯 late".split()
    texts = [" ".join(generator.choices(words, k=generator.randint(0, 9))) for _ in range(MANY)]
    return write_texts(tmp_path_factory.mktemp("many") / "many.csv", texts)


Bundle = Callable[[str], Path]


@pytest.fixture
def bundle(request: pytest.FixtureRequest) -> Bundle:
    names = {
        "embed": "tiny_int8",
        "classify": "tiny_classifier_bundle",
        "tag": "tiny_tagger_bundle",
        "answer": "tiny_reader_bundle",
    }

    def bundle(verb: str) -> Path:
        found: Path = request.getfixturevalue(names[verb])
        return found

    return bundle


@pytest.mark.parametrize(
    ("verb", "ending"),
    [
        ("embed", "jsonl"),
        ("embed", "csv"),
        ("embed", "npy"),
        ("embed", "parquet"),
        ("classify", "parquet"),
        ("tag", "csv"),
        ("answer", "jsonl"),
    ],
)
def test_a_killed_run_goes_on_and_ends_with_the_same_file(
    work: Path, bundle: Bundle, many: Path, verb: str, ending: str
) -> None:
    target = Path(f"v.{ending}")
    context = ("--context", ROOT / "LICENSE") if verb == "answer" else ()
    command = (verb, bundle(verb), "--input", many, "-o", target, *context)
    succeed(*command)
    expected = target.read_bytes()
    made_by = file_beside(target)
    kept_beside = [made_by.name] if made_by.exists() else []
    assert bool(kept_beside) == (verb == "embed" and ending in ("csv", "npy"))
    made_by.unlink(missing_ok=True)
    target.unlink()
    generator = random.Random(f"{verb} {ending}")
    for texts in sorted(generator.sample(range(1, MANY), 2)):
        running = start(*command, "--resume")
        code, errors = stop_after(running, target, texts, signal.SIGKILL)
        if code == 0:  # it was faster
            break
        assert code == -signal.SIGKILL, errors
        assert names(work) == [f"{target}.part"]
    if not target.exists():
        done = answered(target)
        assert done > 0
        assert succeed(*command, "--resume") == f"Going on after {done:,} of {MANY:,} texts.\n"
    assert target.read_bytes() == expected
    assert names(work) == [target.name, *kept_beside]


def test_an_interrupted_run_says_how_to_go_on(work: Path, bundle: Bundle, many: Path) -> None:
    target = Path("v.npy")
    command = ("embed", bundle("embed"), "--input", many, "-o", target, "--resume")
    code, errors = stop_after(start(*command), target, 5, signal.SIGINT)
    assert code == 130
    assert errors == (
        f"Interrupted; the answers to {answered(target):,} texts are kept in v.npy.part; "
        "the same command goes on with them\n"
    )
    succeed(*command)
    assert len(np.load("v.npy")) == MANY


_FULL = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # as a full disk: writes fail midway
"""


@pytest.mark.parametrize("ending", ["jsonl", "csv", "npy", "parquet"])
def test_a_full_disk_loses_nothing(work: Path, bundle: Bundle, many: Path, ending: str) -> None:
    target = Path(f"v.{ending}")
    command = ("embed", bundle("embed"), "--input", many, "-o", target)
    ran = subprocess.run(
        [sys.executable, "-c", _FULL + _ALWAYS_SAFE, "100000", *map(str, command), "--resume"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    done = answered(target)
    assert 0 < done < MANY
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (
        f"Error: {target} cannot be written: File too large; the answers to {done:,} texts are "
        f"kept in {target}.part; the same command goes on with them\n"
    )
    succeed(*command, "--resume")
    resumed = target.read_bytes()
    succeed(*command, "--force")
    assert target.read_bytes() == resumed


@pytest.fixture
def left(work: Path, bundle: Bundle) -> tuple[str | Path, ...]:
    """The command of a run that was killed when it had answered some texts."""
    write_texts(Path("a.csv"), [f"lamp {number}" for number in range(2000)])
    command = ("embed", bundle("embed"), "--input", "a.csv", "-o", "v.jsonl", "--resume")
    code, errors = stop_after(start(*command), Path("v.jsonl"), 5, signal.SIGKILL)
    assert code == -signal.SIGKILL, errors
    return command


def test_a_changed_input_is_told(left: tuple[str, ...], work: Path) -> None:
    before = Path("a.csv").read_text()
    Path("a.csv").write_text(before + '"one more",1\n')
    told = complaint(*left)
    assert told.startswith("v.jsonl.part is of another run: its input was 2,000 texts, sha256 ")
    assert ", now 2,001 texts, sha256 " in told
    assert told.endswith(". Give the same again, or remove v.jsonl.part to begin anew")
    Path("a.csv").write_text(before.replace("lamp 1999", "lamp 2000"))
    assert "its input was 2,000 texts, sha256 " in complaint(*left)
    Path("b.csv").write_text(before)  # the texts count, not the file
    assert succeed(*left, "--input", "b.csv").startswith("Going on after ")


def test_another_bundle_is_told(left: tuple[str, ...], tiny_bundle: Path) -> None:
    verb, _, *options = left
    told = complaint(verb, tiny_bundle, *options)
    assert told.startswith("v.jsonl.part is of another run: its bundle was sha256 ")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--prompt", ""], "its --prompt was not given, now ''"),
        (["--text-column", "text"], "its --text-column was not given, now text"),
    ],
)
def test_another_option_is_told(left: tuple[str, ...], more: list[str], told: str) -> None:
    folder = "v.jsonl.part"
    assert complaint(*left, *more) == (
        f"{folder} is of another run: {told}. Give the same again, or remove {folder} to begin anew"
    )


def test_another_onnxruntime_is_told(
    left: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    versions: dict[str, str] = {"onnxruntime": "9.9", "tokenizers": "9.9"}
    monkeypatch.setattr("edgebert.machine.installed_versions", lambda: versions)
    assert ", now 9.9; its tokenizers was " in complaint(*left)


def test_a_run_without_resume_leaves_an_unfinished_one_alone(left: tuple[str, ...]) -> None:
    assert succeed(*left[:-1]) == ""
    done = answered(Path("v.jsonl"))
    assert done > 0
    expected = Path("v.jsonl").read_bytes()
    assert complaint(*left).startswith("v.jsonl exists. ")
    assert answered(Path("v.jsonl")) == done
    succeed(*left, "--force")
    assert Path("v.jsonl").read_bytes() == expected
    assert not Path("v.jsonl.part").exists()


def test_a_scheme_whose_answers_depend_on_the_batch_is_refused(
    work: Path, tiny_dynamic_int8: Path
) -> None:
    write_texts(Path("a.txt"), TEXTS)
    command = ("embed", tiny_dynamic_int8, "--input", "a.txt", "-o", "v.npy")
    assert complaint(*command, "--resume") == (
        f"{tiny_dynamic_int8} is int8 by scheme dynamic: its answers depend on which texts run "
        "together, so --resume could not end with the same file. Leave --resume out, or quantize "
        "by another scheme"
    )
    assert names(work) == ["a.txt"]
    succeed(*command)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_cannot_be_resumed(work: Path, tiny_bundle: Path) -> None:
    os.mkfifo("a.txt")
    command = ["embed", str(tiny_bundle), "--input", "a.txt", "-o", "v.npy", "--resume"]
    with start(*command) as running:
        Path("a.txt").write_text("a lamp\n")
        _, errors = running.communicate()
    told = "--input is a pipe, which cannot be read a second time: --resume needs a file"
    assert (running.returncode, errors) == (1, f"Error: {told}\n")
    assert names(work) == ["a.txt"]


# progress


def on_terminal(*arguments: str | Path) -> str:
    """What a command shows on stderr where that is a terminal."""
    terminal, stderr = os.openpty()
    environment: dict[str, Any] = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    ran = subprocess.run(
        [sys.executable, "-m", "edgebert", *map(str, arguments)],
        env=environment,
        input=b"a\nb\n",
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
    os.close(stderr)
    shown = b""
    try:
        while read := os.read(terminal, 1 << 16):
            shown += read
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(terminal)
    assert ran.returncode == 0, shown
    return shown.decode()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals on this system")
def test_a_terminal_shows_how_far_a_run_is(work: Path, tiny_bundle: Path) -> None:
    write_texts(Path("a.txt"), TEXTS)
    assert "100%" in on_terminal("embed", tiny_bundle, "--input", "a.txt", "-o", "v.npy")
    assert "2" in on_terminal("embed", tiny_bundle, "--input", "-", "-o", "w.npy")
    assert len(np.load("w.npy")) == 2
