"""The command line: what every command has in common, and the commands that run a bundle."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

import edgebert
from edgebert.cli import main

ROOT = Path(__file__).parent.parent
STAGES = {
    "Make a bundle": (
        "pretrain finetune distill distill-static export optimize quantize kernels package build demo"
    ).split(),
    "Prove it": "check bench inspect doctor report".split(),
    "Run it": "embed classify tag search rerank answer fill translate serve tune".split(),
}
RUNNING = [name for name in STAGES["Run it"] if name not in ("serve", "tune")]  # on texts
COMMANDS = [name for names in STAGES.values() for name in names]


@pytest.fixture(autouse=True)
def _environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--offline` sets a variable for the rest of its process, which here is ours."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")


def call(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=stdin, prog_name="edgebert")


def process(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "edgebert", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        check=False,
        capture_output=True,
    )


def lines(result: Result) -> list[dict[str, Any]]:
    """What a command that succeeded printed, one JSON object a line."""
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.split("\n") if line]


# help


def test_the_commands_are_those_that_are_documented() -> None:
    assert sorted(main.commands) == sorted(COMMANDS)


def test_help_lists_every_command_with_a_whole_sentence_under_its_stage() -> None:
    shown = call("--help").stdout
    sections = re.findall(r"^(\w[\w ]+):\n((?:  .*\n)+)", shown, re.MULTILINE)
    listed = {title: re.findall(r"^  ([\w-]+) ", lines, re.MULTILINE) for title, lines in sections}
    assert list(listed)[-3:] == list(STAGES)
    assert {title: listed[title] for title in STAGES} == STAGES
    assert "..." not in shown.partition("Make a bundle:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_found_by_its_name_in_the_folder_of_its_stage(name: str) -> None:
    (stage,) = (stage for stage, names in STAGES.items() if name in names)
    folder = stage.partition(" ")[0].lower()
    module = name.replace("-", "_")
    assert main.commands[name].callback.__module__ == f"edgebert.cli.{folder}.{module}"


def test_the_version_is_the_one_of_the_package() -> None:
    assert call("--version").stdout.split()[-1] == edgebert.__version__


def examples(text: str) -> Iterator[list[str]]:
    """The edgebert command lines in a text, split as a shell does."""
    for line in text.replace("\\\n", " ").splitlines():
        found = re.match(r"\s*(?:\$ )?(edgebert [a-z].*)", line)
        if found:
            yield shlex.split(found[1], comments=True)


def unknown_options(words: list[str]) -> set[str]:
    """Options in a command line that the command does not have."""
    command = main.commands[words[1]]
    parameters = command.get_params(click.Context(command))
    return {w for w in words if w.startswith("-")} - {o for p in parameters for o in p.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_that_it_would_accept(name: str) -> None:
    result = call(name, "--help")
    assert (result.exit_code, result.stderr) == (0, "")
    shown = [words for words in examples(result.stdout) if words[1] == name]
    assert shown
    for words in shown:
        command = main.commands[name]
        with command.make_context(name, words[2:], resilient_parsing=True) as context:
            assert context.params
        assert unknown_options(words) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_reports_writes_its_record_as_json(name: str) -> None:
    named = {o for p in main.commands[name].params for o in p.opts}
    reports = name not in (*RUNNING, "build", "demo", "serve")
    assert ("--json" in named) == reports


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_writes_an_output_can_be_forced(name: str) -> None:
    named = {o for p in main.commands[name].params for o in p.opts}
    assert ("--output" in named) == ("-o" in named)
    assert bool({"--output", "--html"} & named) == ("--force" in named)


@pytest.mark.parametrize(
    "arguments",
    [
        "finetune m -o o --train README.md --task summarization",
        "package b --target android -o o",
    ],
)
def test_what_is_not_built_yet_is_absent(arguments: str) -> None:
    result = call(*arguments.split())
    assert result.exit_code == 2, result.output
    assert re.search(r"No such (option|command)|is not ", result.stderr)
    assert not Path("o").exists()


# records


def test_json_to_stdout_is_all_that_is_printed(tiny_bundle: Path) -> None:
    result = call("inspect", tiny_bundle, "--json", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["record"] == "inspect"


def test_json_to_a_file_leaves_stdout_to_people(tiny_bundle: Path, tmp_path: Path) -> None:
    result = call("doctor", tiny_bundle, "--json", tmp_path / "new/doctor.json")
    assert result.exit_code == 0
    assert result.stdout.split("\n")[0].split() == ["check", "detail"]
    record = json.loads((tmp_path / "new/doctor.json").read_text())
    assert (record["record"], record["passed"]) == ("doctor", True)


def test_a_gate_that_says_no_writes_its_record_and_exits_3(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    arguments = ("check", tiny_bundle, tiny_int8, "--max-drift", "0", "--json")
    result = call(*arguments, tmp_path / "check.json")
    record = json.loads((tmp_path / "check.json").read_text())
    assert (result.exit_code, record["passed"]) == (3, False)
    assert result.stderr == "".join(f"Error: {failure}\n" for failure in record["failures"])
    assert re.fullmatch(r"drift \S+ is above 0 \(asked\)", record["failures"][0])
    assert result.stdout.splitlines()[0].endswith("built-in sentences: FAILED")
    result = call(*arguments, "-")
    assert (result.exit_code, json.loads(result.stdout)["passed"]) == (3, False)


def test_a_gate_that_says_yes_exits_0(tiny_bundle: Path, tiny_int8: Path) -> None:
    result = call("check", tiny_bundle, tiny_int8)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0].endswith("built-in sentences: passed")


def test_quantize_that_drifts_too_far_writes_its_record_and_no_bundle(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    out, record = tmp_path / "int8", tmp_path / "quantize.json"
    bound = ("--scheme", "token", "--max-drift", "0")
    result = call("quantize", tiny_bundle, "-o", out, *bound, "--json", record)
    assert result.exit_code == 3
    assert result.stdout.startswith(f"{out} (not written): int8 (token)")
    (failure,) = json.loads(record.read_text())["failures"]
    assert result.stderr == f"Error: {tiny_bundle} was not quantized: {failure}\n"
    assert [p.name for p in tmp_path.iterdir()] == ["quantize.json"]


# --debug and --offline


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback_and_keeps_the_exit_code(
    tiny_bundle: Path, tiny_int8: Path, place: str
) -> None:
    command = ["check", str(tiny_bundle), str(tiny_int8), "--max-drift", "0"]
    result = call(*(["--debug", *command] if place == "before" else [*command, "--debug"]))
    assert result.exit_code == 3
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert re.search(r"^edgebert\.errors\.GateError: drift", result.stderr, re.MULTILINE)
    assert result.stderr.splitlines()[-1].startswith("Error: drift")


@pytest.mark.parametrize("place", ["before", "after"])
def test_offline_is_taken_before_and_after_the_command(
    tiny_bundle: Path, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["check", "someone/some-model", str(tiny_bundle)]
    result = call(*(["--offline", *command] if place == "before" else [*command, "--offline"]))
    expected = "Error: someone/some-model is no local folder, and --offline forbids the hub\n"
    assert (result.exit_code, result.stderr) == (1, expected)


@pytest.mark.parametrize("name", COMMANDS)
def test_debug_and_offline_are_in_the_help_of_every_command(name: str) -> None:
    shown = call(name, "--help").stdout
    assert "--debug " in shown
    assert "--offline " in shown


# embed, classify, tag


def test_embed_prints_what_the_library_answers(tiny_bundle: Path) -> None:
    model = edgebert.load(tiny_bundle)
    texts = ["turn the lamp on", "", "café 灯"]
    printed = lines(call("embed", tiny_bundle, *texts))
    assert [line["text"] for line in printed] == texts
    assert [list(line) for line in printed] == [["text", "embedding"]] * 3
    vectors = np.array([line["embedding"] for line in printed], np.float32)
    assert np.allclose(vectors, model.embed(texts), rtol=1e-6, atol=0)


def test_classify_prints_what_the_library_answers(tiny_classifier_bundle: Path) -> None:
    (printed,) = lines(call("classify", tiny_classifier_bundle, "turn the lamp off"))
    answer = edgebert.load(tiny_classifier_bundle).classify("turn the lamp off")
    assert list(printed) == ["text", "label", "score", "scores"]
    assert (printed["label"], printed["scores"]) == (answer.label, answer.scores)


def test_tag_prints_entities_with_character_offsets(tiny_tagger_bundle: Path) -> None:
    text = "👩‍👩‍👧‍👦 tell anna that ben is late in café 北京"
    (printed,) = lines(call("tag", tiny_tagger_bundle, text))
    assert list(printed) == ["text", "entities"]
    assert printed["entities"], "the fixture should find something"
    for entity in printed["entities"]:
        assert list(entity) == ["text", "label", "score", "start", "end"]
        assert text[entity["start"] : entity["end"]] == entity["text"]


def test_texts_come_from_a_file(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("id\tsentence\n1\ta lamp\n2\ta fan\n")
    (tmp_path / "b.csv").write_text("name,kind\nlamp,x\n")
    printed = lines(call("embed", tiny_bundle, "--input", tmp_path / "a.tsv"))
    assert [line["text"] for line in printed] == ["a lamp", "a fan"]
    named = ("--input", tmp_path / "b.csv", "--text-column", "name")
    assert [line["text"] for line in lines(call("embed", tiny_bundle, *named))] == ["lamp"]


def test_texts_come_from_stdin_line_by_line(tiny_bundle: Path) -> None:
    stdin = "\ufeffa lamp\r\n\nthe fan\u2028of anna".encode()
    printed = lines(call("embed", tiny_bundle, "--input", "-", stdin=stdin))
    assert [line["text"] for line in printed] == ["a lamp", "", "the fan\u2028of anna"]


def test_no_lines_on_stdin_give_no_answers(tiny_bundle: Path) -> None:
    assert lines(call("embed", tiny_bundle, "--input", "-", stdin="")) == []


def test_pairs_are_classified_as_pairs(tiny_classifier_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("sentence1\tsentence2\na lamp\tthe fan\n")
    (printed,) = lines(call("classify", tiny_classifier_bundle, "--input", tmp_path / "a.tsv"))
    (answer,) = edgebert.load(tiny_classifier_bundle).classify([("a lamp", "the fan")])
    assert (printed["text"], printed["scores"]) == (["a lamp", "the fan"], answer.scores)


def test_answers_go_to_a_file(tiny_bundle: Path, tmp_path: Path) -> None:
    for name in ("v.jsonl", "v.npy"):
        result = call("embed", tiny_bundle, "a lamp", "灯", "--output", tmp_path / name)
        assert (result.exit_code, result.output) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    vectors = np.load(tmp_path / "v.npy", allow_pickle=False)
    assert [row["text"] for row in rows] == ["a lamp", "灯"]
    assert (vectors.dtype, vectors.shape) == (np.dtype(np.float32), (2, 64))
    assert np.array_equal(vectors, np.array([row["embedding"] for row in rows], np.float32))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "v.jsonl",
        "v.npy",
        "v.npy.made_by.json",
    ]


def test_force_replaces_answers(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "v.jsonl").write_text("old")
    target = ("--output", tmp_path / "v.jsonl", "--force")
    assert call("embed", tiny_bundle, "a lamp", *target).exit_code == 0
    assert json.loads((tmp_path / "v.jsonl").read_text())["text"] == "a lamp"


@pytest.mark.parametrize("text", ["a" * 100_000, "lamp " * 20_000, "灯" * 100_000])
def test_a_very_long_text_is_answered(tiny_bundle: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "long.txt").write_text(text + "\n")
    answered = call("embed", tiny_bundle, "--input", tmp_path / "long.txt")
    cut = "" if text.startswith("a") else "1 of 1 texts is longer than the 48 tokens"  # one [UNK]
    assert answered.stderr.startswith(cut)
    (printed,) = map(json.loads, answered.stdout.splitlines())
    assert printed["text"] == text
    assert np.isfinite(printed["embedding"]).all()


def test_no_text_at_all_is_wrong_usage(tiny_bundle: Path, tmp_path: Path) -> None:
    for arguments in ([], ["a lamp", "--input", str(tmp_path / "a.txt")]):
        result = call("embed", tiny_bundle, *arguments)
        assert result.exit_code == 2
        expected = "Error: give texts as arguments, or a file with --input"
        assert result.stderr.splitlines()[-1] == expected


def test_output_is_utf8_whatever_the_locale(tiny_bundle: Path) -> None:
    run = process("embed", tiny_bundle, "灯 café", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (run.returncode, run.stderr) == (0, b"")
    assert json.loads(run.stdout.decode())["text"] == "灯 café"


def test_a_reader_that_goes_away_is_no_error(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("turn the lamp on\n" * 1000)
    command = [sys.executable, "-m", "edgebert", "embed", tiny_bundle, "--input"]
    with subprocess.Popen(
        [*map(str, command), str(tmp_path / "many.txt")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["text"] == "turn the lamp on"
        running.stdout.close()
        errors = running.stderr.read()
        assert (running.wait(), errors) == (0, b"")
