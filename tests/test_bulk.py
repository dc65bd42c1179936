"""Runs over many files: an output for each, as a run of that file alone would write it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from edgebert.bulk.worker import Worker
from edgebert.cli import main
from edgebert.data.makers import file_beside

WORDS = ["turn the lamp on", "", "café, 灯", 'anna "is" late', "off", "ben\tis in oslo"]
FORMATS = pytest.mark.parametrize("ending", ["jsonl", "csv", "npy", "parquet"])
SHARD = 5
FROM_FOLDER = "go from --input, a folder, pattern or file, to a folder: --output DIR"


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with texts in several kinds of files, and shards that are small beside them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("edgebert.bulk.planning._TEXTS_IN_A_SHARD", SHARD)
    Path("texts/sub").mkdir(parents=True)
    Path("texts/a.txt").write_text("\n".join(text.replace("\t", " ") for text in WORDS * 2))
    rows = "".join(json.dumps({"text": text}) + "\n" for text in WORDS[::-1])
    Path("texts/sub/a.jsonl.gz").write_bytes(gzip.compress(rows.encode()))
    Path("texts/empty.txt").touch()
    return tmp_path


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def succeed(*arguments: str | Path) -> str:
    """Run a command; return what it said on stderr."""
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    return result.stderr


def complaint(*arguments: str | Path, code: int = 1) -> str:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    return result.stderr.splitlines()[-1].removeprefix("Error: ")


def files(folder: str | Path) -> dict[str, bytes]:
    """All files below a folder by their names."""
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def outputs(folder: str | Path) -> dict[str, bytes]:
    return {name: content for name, content in files(folder).items() if name != "job.json"}


# what is written


@FORMATS
def test_each_input_gets_the_output_that_a_run_of_it_alone_would_write(
    tiny_bundle: Path, ending: str
) -> None:
    assert succeed("embed", tiny_bundle, "--input", "texts", "-o", "out", "--format", ending) == ""
    for source, target in (("a.txt", "a"), ("sub/a.jsonl.gz", "sub/a")):
        plain = Path(f"plain/{target}.{ending}")
        succeed("embed", tiny_bundle, "--input", f"texts/{source}", "-o", plain)
        assert Path(f"out/{target}.{ending}").read_bytes() == plain.read_bytes()
        beside = file_beside(plain)
        assert file_beside(Path(f"out/{target}.{ending}")).exists() == beside.exists()
    assert {name.split(".")[0] for name in outputs("out")} == {"a", "empty", "sub/a"}
    assert not Path("out/.parts").exists()


def test_an_empty_input_gets_an_empty_output(tiny_bundle: Path) -> None:
    for ending in ("jsonl", "csv", "npy", "parquet"):
        out = f"out-{ending}"
        succeed("embed", tiny_bundle, "--input", "texts", "-o", out, "--format", ending)
    width = np.load("out-npy/a.npy").shape[1]
    assert np.load("out-npy/empty.npy").shape == (0, width)
    assert pq.read_table("out-parquet/empty.parquet").num_rows == 0
    assert Path("out-jsonl/empty.jsonl").read_bytes() == b""
    assert Path("out-csv/empty.csv").read_text().count("\n") == 1


def test_jsonl_is_written_where_no_format_is_named(tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert [*outputs("out")] == ["a.jsonl", "empty.jsonl", "sub/a.jsonl"]


def test_pairs_are_classified_and_entities_found(
    tiny_classifier_bundle: Path, tiny_tagger_bundle: Path
) -> None:
    Path("texts/p.tsv").write_text("sentence1\tsentence2\n" + "a lamp\tthe fan\n" * 7)
    for command, bundle, ending in (
        ("classify", tiny_classifier_bundle, "parquet"),
        ("tag", tiny_tagger_bundle, "csv"),
    ):
        wanted = "texts" if command == "classify" else "texts/**/a.*"
        succeed(command, bundle, "--input", wanted, "-o", command, "--format", ending)
        for source in ("a.txt", "p.tsv") if command == "classify" else ("a.txt",):
            plain = Path(f"plain.{ending}")
            succeed(command, bundle, "--input", f"texts/{source}", "-o", plain, "--force")
            written = Path(command, source).with_suffix(f".{ending}")
            assert written.read_bytes() == plain.read_bytes()
    told = complaint("tag", tiny_tagger_bundle, "--input", "texts", "-o", "out")
    assert told == "texts/p.tsv holds pairs of texts; name one column with --text-column"
    assert not Path("out").exists()


def test_sparse_vectors_are_written_too(tiny_splade_bundle: Path) -> None:
    for ending in ("jsonl", "parquet"):
        succeed("embed", tiny_splade_bundle, "--input", "texts", "-o", ending, "--format", ending)
        succeed("embed", tiny_splade_bundle, "--input", "texts/a.txt", "-o", f"plain.{ending}")
        assert Path(ending, f"a.{ending}").read_bytes() == Path(f"plain.{ending}").read_bytes()


def test_a_full_disk_is_told_and_what_is_done_is_kept(tiny_bundle: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); "
    small = f"import edgebert.bulk.planning as p; p._TEXTS_IN_A_SHARD = {SHARD}; "
    given = ["embed", str(tiny_bundle), "--input", "texts", "-o", "out"]
    run = subprocess.run(
        [sys.executable, "-c", f"{limited}{small}from edgebert.cli import main; main()", *given],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
    assert "cannot be written: File too large; " in run.stderr
    assert run.stderr.endswith("of 5 shards are kept in out; the same command goes on with them\n")
    succeed(*given)
    succeed(*given[:-1], "whole")
    assert files("out") == files("whole")


def test_options_decide_as_they_do_for_one_file(tiny_bundle: Path) -> None:
    rows = "".join(json.dumps({"said": f"{text} " * 40}) + "\n" for text in WORDS)
    Path("texts/said.jsonl").write_text(rows)
    named = ("--text-column", "said", "--long-text", "mean")
    succeed("embed", tiny_bundle, "--input", "texts/said*", "-o", "out", *named)
    succeed("embed", tiny_bundle, "--input", "texts/said.jsonl", "-o", "plain.jsonl", *named)
    assert outputs("out") == {"said.jsonl": Path("plain.jsonl").read_bytes()}
    told = succeed("embed", tiny_bundle, "--input", "texts/said*", "-o", "cut", *named[:2])
    plain = succeed("embed", tiny_bundle, "--input", "texts/said.jsonl", "-o", "p.csv", *named[:2])
    assert told == plain != ""


def test_a_job_is_written_down_with_the_hashes_of_its_inputs(tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    job = json.loads(Path("out/job.json").read_text())
    line = json.loads(Path("out/a.jsonl").read_text().splitlines()[0])
    assert job["fingerprint"] == line["fingerprint"]
    assert [input["name"] for input in job["inputs"]] == ["a.txt", "empty.txt", "sub/a.jsonl.gz"]
    assert [len(input["offsets"]) for input in job["inputs"]] == [3, 0, 2]
    assert all(len(input["sha256"]) == 64 for input in job["inputs"])


# which files


def test_hidden_files_and_those_of_other_programs_are_passed_over(tiny_bundle: Path) -> None:
    for name in (".DS_Store", "_SUCCESS", ".git/config", "_logs/a.txt"):
        Path("texts", name).parent.mkdir(exist_ok=True)
        Path("texts", name).write_text("x")
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert len(outputs("out")) == 3


def test_files_behind_links_are_read_and_circles_end(tiny_bundle: Path) -> None:
    Path("elsewhere").mkdir()
    Path("elsewhere/c.txt").write_text("far away")
    Path("texts/linked").symlink_to("../elsewhere")
    Path("texts/sub/circle").symlink_to("..")
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert "linked/c.jsonl" in outputs("out")
    assert len(outputs("out")) == 4


def test_a_pattern_names_inputs_from_its_first_fixed_folder_on(tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "--input", "texts/**/a.*", "-o", "out")
    assert [*outputs("out")] == ["a.jsonl", "sub/a.jsonl"]
    succeed("embed", tiny_bundle, "--input", "texts/s*/*", "-o", "out2")
    assert [*outputs("out2")] == ["sub/a.jsonl"]


def test_a_pattern_does_not_match_what_the_job_has_written(tiny_bundle: Path) -> None:
    Path("more.jsonl").write_text('{"text": "a"}\n')
    for _ in range(2):
        succeed("embed", tiny_bundle, "--input", "**/m*.jsonl", "-o", "out")
    assert [*outputs("out")] == ["more.jsonl"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("nothing", "nothing holds no file of texts"),
        ("texts/*.parquet", "texts/*.parquet matches no file"),
        ("hollow", "hollow holds no text"),
    ],
)
def test_where_there_is_nothing_to_read_it_is_told(
    tiny_bundle: Path, source: str, told: str
) -> None:
    Path("nothing").mkdir()
    Path("hollow").mkdir()
    Path("hollow/a.txt").touch()
    assert complaint("embed", tiny_bundle, "--input", source, "-o", "out") == told
    assert not Path("out").exists()


def test_files_that_are_no_texts_are_refused_with_the_way_out(tiny_bundle: Path) -> None:
    Path("texts/notes.md").write_text("x")
    assert complaint("embed", tiny_bundle, "--input", "texts", "-o", "out") == (
        "texts/notes.md: expected a .txt, .tsv, .csv, .jsonl, .parquet, .conll or .json file; "
        "choose by a pattern, as --input 'texts/**/*.txt'"
    )


def test_a_bad_line_is_told_before_any_work(tiny_bundle: Path) -> None:
    Path("texts/z.jsonl").write_text('{"text": "a"}\n{"text": 1}\n')
    told = complaint("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert told == "texts/z.jsonl, line 2: 'text' should be text, not int"
    assert not Path("out").exists()


def test_a_column_is_named_where_a_file_has_columns(tiny_bundle: Path) -> None:
    named = ("--text-column", "said", "-o", "out")
    told = complaint("embed", tiny_bundle, "--input", "texts/*.txt", *named)
    assert told == "texts/a.txt has no columns, so --text-column cannot name one"
    Path("texts/said.csv").write_text("said\na\n")
    succeed("embed", tiny_bundle, "--input", "texts/*.*", *named)  # of both kinds
    assert [*outputs("out")] == ["a.jsonl", "empty.jsonl", "said.jsonl"]


def test_two_inputs_of_one_name_are_refused(tiny_bundle: Path) -> None:
    Path("texts/a.csv").write_text("text\nb\n")
    told = complaint("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert told == "a.csv and a.txt would both be answered in a.jsonl: run them apart"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_unicode_is_refused(tiny_bundle: Path) -> None:
    Path(os.fsdecode(b"texts/\xff.txt")).write_text("x")
    told = complaint("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert told == r"'texts/\udcff.txt': the name of this file is not UTF-8"


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("texts/out", "texts/out lies in texts, whose files are read: choose another"),
        ("texts", "texts lies in texts, whose files are read: choose another"),
        (".", ". is or holds the folder of the inputs: choose another"),
        ("file", "file is no folder: a job needs one for its outputs"),
    ],
)
def test_outputs_do_not_mix_with_inputs(tiny_bundle: Path, output: str, told: str) -> None:
    Path("file").touch()
    assert complaint("embed", tiny_bundle, "--input", "texts", "-o", output) == told


# wrong usage


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["a text", "--shards", "1/2"],
            f"runs with --shards {FROM_FOLDER}",
        ),
        (
            ["--input", "texts/a.txt", "-o", "v.npy", "--ray", "--format", "npy"],
            f"runs with --format and --ray {FROM_FOLDER}",
        ),
        (
            ["--input", "texts/*.txt", "-o", "v.npy"],
            f"runs over several files {FROM_FOLDER}",
        ),
        (
            ["--input", "texts", "-o", "out", "--shards", "1/2", "--force"],
            "--force would take away what the other shares have done: remove the folder first",
        ),
        (["a", "--input", "texts", "-o", "out"], "give texts as arguments, or files with --input"),
        (
            ["--input", "texts", "-o", "out", "--shards", "3/2"],
            "Invalid value for '--shards': expected k/n, like 3/8",
        ),
    ],
)
def test_wrong_usage_is_told(tiny_bundle: Path, arguments: list[str], told: str) -> None:
    assert complaint("embed", tiny_bundle, *arguments, code=2) == told
    assert not Path("out").exists()


def test_without_ray_the_extra_is_named(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "edgebert.bulk.ray_workers", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    told = complaint("embed", tiny_bundle, "--input", "texts", "-o", "out", "--ray")
    assert told == "--ray needs more packages: pip install 'edgebert[ray]'"


def test_the_format_must_hold_the_answers(tiny_tagger_bundle: Path) -> None:
    told = complaint("tag", tiny_tagger_bundle, "--input", "texts", "-o", "o", "--format", "npy")
    assert "only embeddings fit into .npy" in told


def test_a_bundle_of_another_task_is_told(tiny_tagger_bundle: Path) -> None:
    told = complaint("classify", tiny_tagger_bundle, "--input", "texts", "-o", "out")
    assert told == complaint("classify", tiny_tagger_bundle, "a text")
    assert not Path("out").exists()


# shares and what is gone on with


def test_shares_come_together_whichever_ends_last(tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "whole")
    for order in ((1, 2, 3), (3, 2, 1)):
        out = Path(f"out-{order[0]}")
        for number in order:
            shares = ("--shards", f"{number}/3")
            told = succeed("embed", tiny_bundle, "--input", "texts", "-o", out, *shares)
            assert ("shards of other runs" in told) == (number != order[-1])
        assert files(out) == files("whole")


def test_a_missing_share_is_told_and_done_by_any_run(tiny_bundle: Path) -> None:
    told = succeed("embed", tiny_bundle, "--input", "texts", "-o", "out", "--shards", "2/2")
    assert told.splitlines() == [
        "1 of 3 outputs are whole; a.jsonl and 1 more wait for 3 shards of other runs"
    ]
    assert [*outputs("out")][-1] == "empty.jsonl"
    told = succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert told == "Going on after 2 of 5 shards.\n"
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "whole")
    assert files("out") == files("whole")


def test_one_file_is_shared_out_too(tiny_bundle: Path) -> None:
    for number in (1, 2):
        shares = ("--shards", f"{number}/2", "--format", "npy")
        succeed("embed", tiny_bundle, "--input", "texts/a.txt", "-o", "out", *shares)
    assert np.load("out/a.npy").shape[0] == len(WORDS) * 2


def test_a_whole_job_is_left_as_it_is(tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    told = succeed("embed", tiny_bundle, "--input", "texts", "-o", "out", "--resume")
    assert told == "All outputs are in out already.\n"
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")} == before


def test_an_output_that_was_taken_away_is_made_anew_alone(tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    before, kept = files("out"), Path("out/sub/a.jsonl").stat().st_mtime_ns
    Path("out/a.jsonl").unlink()
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert files("out") == before
    assert Path("out/sub/a.jsonl").stat().st_mtime_ns == kept


def test_a_run_that_is_broken_off_keeps_its_shards(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Worker.write

    def interrupted(worker: Worker, shard: object, passed: object) -> object:
        if shard.start.texts == SHARD:  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return write(worker, shard, passed)  # type: ignore[arg-type]

    monkeypatch.setattr(Worker, "write", interrupted)
    told = complaint("embed", tiny_bundle, "--input", "texts", "-o", "out", code=130)
    assert told == (
        "Interrupted; 1 of 5 shards are kept in out; the same command goes on with them"
    )
    monkeypatch.setattr(Worker, "write", write)
    told = succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert told == "Going on after 1 of 5 shards.\n"


# what is refused


@pytest.fixture
def half(tiny_bundle: Path) -> None:
    """A job of which one share is done."""
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out", "--shards", "1/2")


def again(bundle: Path, *more: str) -> str:
    before = files("out")
    told = complaint("embed", bundle, "--input", "texts", "-o", "out", *more)
    assert files("out") == before
    return told


def test_an_input_that_was_changed_is_named(half: None, tiny_bundle: Path) -> None:
    path = Path("texts/a.txt")
    path.write_text(path.read_text().replace("off", "oft"))
    way_out = "Choose an output, or add --force to begin anew"
    assert again(tiny_bundle) == f"texts/a.txt was changed since its job was planned. {way_out}"
    path.write_text("shorter")
    written = f"since out/job.json was written. {way_out}"
    assert again(tiny_bundle) == f"texts/a.txt was changed {written}"
    path.unlink()
    assert again(tiny_bundle) == f"texts/a.txt has gone {written}"


def test_an_input_that_has_come_is_named(half: None, tiny_bundle: Path) -> None:
    Path("texts/b.txt").write_text("new")
    assert again(tiny_bundle).startswith("texts/b.txt has come since out/job.json was written. ")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (["--format", "npy"], "its --format was jsonl, now npy"),
        (["--long-text", "mean"], "its --long-text was 'truncate', now 'mean'"),
        (["--prompt", ""], "its --prompt was not given, now ''"),
    ],
)
def test_other_options_are_refused(
    half: None, tiny_bundle: Path, option: list[str], told: str
) -> None:
    way_out = "Give the same again, or add --force to begin anew"
    assert again(tiny_bundle, *option) == f"out holds another job: {told}. {way_out}"


def test_another_bundle_is_refused(half: None, tiny_int8: Path) -> None:
    told = again(tiny_int8)
    assert told.startswith("out holds another job: its bundle was sha256 ")
    assert "its fingerprint was fp32-" in told


def test_another_onnxruntime_or_cpu_is_refused(
    half: None, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgebert.machine.installed_versions", lambda: {"onnxruntime": "9.9"})
    assert ", now 9.9" in again(tiny_bundle)


def test_a_scheme_whose_answers_depend_on_the_batch_is_refused(tiny_dynamic_int8: Path) -> None:
    told = complaint("embed", tiny_dynamic_int8, "--input", "texts", "-o", "out")
    assert "its answers depend on which texts run together" in told
    assert not Path("out").exists()


def test_a_folder_of_something_else_is_left_alone(tiny_bundle: Path) -> None:
    Path("out").mkdir()
    Path("out/thesis").write_text("x")
    told = complaint("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert told == (
        "out exists and holds no job. Choose another output or add --force to write into it"
    )
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out", "--force")
    assert Path("out/thesis").read_text() == "x"


def test_what_another_job_has_left_is_never_taken_for_this_one(
    half: None, tiny_bundle: Path, tiny_int8: Path
) -> None:
    """Whoever takes away what they see leaves the hidden parts of the job before."""
    Path("out/job.json").unlink()
    Path("out/empty.jsonl").unlink()
    succeed("embed", tiny_int8, "--input", "texts", "-o", "out")
    succeed("embed", tiny_int8, "--input", "texts", "-o", "whole")
    assert files("out") == files("whole")


def test_an_empty_folder_is_filled(tiny_bundle: Path) -> None:
    Path("out").mkdir()
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")


def test_force_begins_anew_and_takes_what_the_job_before_has_made(tiny_bundle: Path) -> None:
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out", "--format", "npy")
    Path("texts/sub/a.jsonl.gz").unlink()
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out", "--force")
    assert [*outputs("out")] == ["a.jsonl", "empty.jsonl"]


def test_damage_is_told(half: None, tiny_bundle: Path) -> None:
    part = next(path for path in Path("out/.parts").glob("*/*") if path.suffix == "")
    part.write_bytes(part.read_bytes()[:-1])
    told = complaint("embed", tiny_bundle, "--input", "texts", "-o", "out")
    assert told.startswith(f"{part} is damaged: remove {part}.json, and it is made anew; ")
    Path(f"{part}.json").unlink()
    succeed("embed", tiny_bundle, "--input", "texts", "-o", "out")
    Path("out/job.json").write_text("{}")
    assert "is no job" in complaint("embed", tiny_bundle, "--input", "texts", "-o", "out")
