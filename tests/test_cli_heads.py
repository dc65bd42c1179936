"""rerank, answer and fill: what Python answers, from arguments, files and stdin."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from bundle_damage import edit
from click.testing import CliRunner, Result

from edgebert.cli import main
from edgebert.data.makers import maker_beside
from edgebert.runtimes import Model, load

CORPUS = ["turn on the lamp", "anna is late", "", "the fan is off in paris"]
CONTEXT = "Anna was in Paris, and Ben told the kitchen fan to turn off in Berlin."
QUESTIONS = ["is anna in paris ?", "where is ben ?"]
MASKED = ["turn the [MASK] on", "[MASK] is [MASK] late"]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def reranker(tiny_reranker_bundle: Path) -> Model:
    return load(tiny_reranker_bundle)


@pytest.fixture(scope="module")
def reader(tiny_reader_bundle: Path) -> Model:
    return load(tiny_reader_bundle)


@pytest.fixture(scope="module")
def filler(tiny_filler_bundle: Path) -> Model:
    return load(tiny_filler_bundle)


def call(verb: str, model: Model, *arguments: object, stdin: str | None = None) -> Result:
    words = [verb, model.bundle.path, *arguments]
    return CliRunner().invoke(main, [*map(str, words)], input=stdin, prog_name="edgebert")


def lines(result: Result) -> list[dict[str, Any]]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def complaint(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    return result.stderr.removeprefix("Error: ").removesuffix("\n")


def write_lines(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(f"{text}\n" for text in texts))
    return path


def asked_in(path: Path) -> Path:
    """A table of the questions, each with the context."""
    rows = [json.dumps({"question": q, "context": CONTEXT}) for q in QUESTIONS]
    return write_lines(path, rows)


def answers(reader: Model, *, allow_no_answer: bool = False) -> list[dict[str, Any]]:
    found = reader.answer(QUESTIONS, CONTEXT, allow_no_answer=allow_no_answer)
    return [
        {"text": [question, CONTEXT], "answer": answer.text}
        | {"score": answer.score, "start": answer.start, "end": answer.end}
        for question, answer in zip(QUESTIONS, found, strict=True)
    ]


def fills(filler: Model, k: int = 5) -> list[dict[str, Any]]:
    found = filler.fill_mask(MASKED, k)
    return [
        {"text": text, "fills": [asdict(fill) for fill in guesses]}
        for text, guesses in zip(MASKED, found, strict=True)
    ]


# rerank


def test_rerank_prints_what_the_library_ranks_best_first(work: Path, reranker: Model) -> None:
    expected = [asdict(hit) for hit in reranker.rerank("the lamp", CORPUS)]
    scores = [hit["score"] for hit in expected]
    assert scores == sorted(scores, reverse=True)
    (found,) = lines(call("rerank", reranker, "the lamp", *CORPUS))
    assert found == {"query": "the lamp", "hits": expected}
    stdin = "".join(f"{text}\n" for text in CORPUS)
    for source in (write_lines(work / "corpus.txt", CORPUS), "-"):
        (found,) = lines(
            call("rerank", reranker, "the lamp", "--input", source, "-k", 2, stdin=stdin)
        )
        assert found["hits"] == expected[:2]


def test_rerank_names_the_line_that_cannot_be_read(
    work: Path, tiny_reranker_bundle: Path, reranker: Model
) -> None:
    known = reranker.tokenizer.token_to_id("paris")
    copied = shutil.copytree(tiny_reranker_bundle, work / "copy")
    edit(copied, "manifest.json", lambda manifest: manifest.update(embedding_rows=known))
    corpus = write_lines(work / "corpus.txt", ["in", "in paris"])
    told = complaint(call("rerank", load(copied), "in", "--input", corpus))
    assert told.startswith(f"{corpus}, line 2: its token 'paris' ({known}) has no embedding")
    assert told.endswith(". Nothing was sorted")


def test_rerank_reads_single_texts_with_a_model_of_one_label(
    work: Path, reranker: Model, tiny_classifier_bundle: Path
) -> None:
    pairs = asked_in(work / "pairs.jsonl")
    told = f"{pairs} holds pairs of texts; name one column with --text-column"
    assert complaint(call("rerank", reranker, "a", "--input", pairs)) == told
    named = call("rerank", reranker, "a", "--input", pairs, "--text-column", "question")
    assert len(lines(named)[0]["hits"]) == len(QUESTIONS)
    assert "rerank needs a single one" in complaint(
        call("rerank", load(tiny_classifier_bundle), "a", "b")
    )
    assert call("rerank", reranker, "a query and no texts").exit_code == 2


# answer


def test_answer_prints_what_the_library_answers(work: Path, reader: Model) -> None:
    expected = answers(reader)
    assert all(CONTEXT[row["start"] : row["end"]] == row["answer"] for row in expected)
    assert lines(call("answer", reader, QUESTIONS[0], CONTEXT)) == expected[:1]
    context = work / "context.txt"
    context.write_text(CONTEXT)
    assert lines(call("answer", reader, *QUESTIONS, "--context", context)) == expected
    assert lines(call("answer", reader, *QUESTIONS, "--context", "-", stdin=CONTEXT)) == expected
    asked = "".join(f"{question}\n" for question in QUESTIONS)
    for source in (write_lines(work / "questions.txt", QUESTIONS), "-"):
        command = ("--context", context, "--input", source)
        assert lines(call("answer", reader, *command, stdin=asked)) == expected
    found = lines(call("answer", reader, "--input", asked_in(work / "a.jsonl")))
    assert found == expected


def test_a_context_keeps_its_lines(work: Path, reader: Model) -> None:
    context = work / "context.txt"
    context.write_bytes(b"anna is\r\n\r\nin paris\r\n")
    (row,) = lines(call("answer", reader, "where ?", "--context", context))
    assert row["text"] == ["where ?", "anna is\n\nin paris"]
    context.write_text(" \n")
    assert complaint(call("answer", reader, "where ?", "--context", context)) == (
        f"{context} holds no text"
    )


def test_squad_is_answered_as_it_is_published(work: Path, reader: Model) -> None:
    asked = [{"question": q, "answers": [{"text": "Paris", "answer_start": 0}]} for q in QUESTIONS]
    paragraphs = [{"context": CONTEXT, "qas": asked}]
    Path("dev.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    assert lines(call("answer", reader, "--input", "dev.json")) == answers(reader)


def test_answers_are_written_to_every_format_and_checked(work: Path, reader: Model) -> None:
    asked_in(work / "a.jsonl")
    for ending in ("jsonl", "csv", "parquet"):
        result = call("answer", reader, "--input", "a.jsonl", "-o", f"out.{ending}", "--resume")
        assert lines(result) == []
    expected = answers(reader)
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row.pop("fingerprint") for row in rows] == 2 * [reader.fingerprint]
    assert rows == expected
    columns = ["text", "text_pair", "answer", "score", "start", "end"]
    cells = [[*row["text"], *list(row.values())[1:]] for row in expected]
    assert [list(row.values()) for row in pq.read_table("out.parquet").to_pylist()] == cells
    with Path("out.csv").open(newline="") as stream:
        assert list(csv.reader(stream)) == [columns, *([str(cell) for cell in r] for r in cells)]
    checked = CliRunner().invoke(main, ["check", "out.jsonl", str(reader.bundle.path)])
    assert checked.exit_code == 0, checked.output


def test_no_answer_is_one_where_it_is_allowed(work: Path, reader: Model) -> None:
    expected = answers(reader, allow_no_answer=True)
    asked_in(work / "a.jsonl")
    command = ("--input", "a.jsonl", "--allow-no-answer")
    assert lines(call("answer", reader, *command)) == expected
    lines(call("answer", reader, *command, "-o", "out.parquet"))
    assert str(maker_beside(Path("out.parquet"))) == f"{reader.fingerprint}+no_answer=allowed"


def test_a_question_that_fills_the_model_has_no_answer_and_the_others_do(
    work: Path, reader: Model
) -> None:
    long = "is anna late " * 40
    context = write_lines(work / "context.txt", [CONTEXT])
    result = call("answer", reader, QUESTIONS[0], long, "--context", context)
    why = f"its question leaves no room for a context in {reader.max_length} tokens"
    assert result.exit_code == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows == [answers(reader)[0], {"text": [long, CONTEXT], "error": why}]
    assert result.stderr == f"Error: text 2: {why}. All others were answered\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give texts as arguments, or a file with --input"),
        (["a question"], "give a question and a context, or questions with --context"),
        (["a", "b", "c"], "give a question and a context, or questions with --context"),
        (["a", "b", "--input", "a.jsonl"], "give texts as arguments, or a file with --input"),
        (["--context", "-", "--input", "-"], "stdin cannot be both"),
    ],
)
def test_questions_without_their_context_are_wrong_usage(
    reader: Model, arguments: list[str], told: str
) -> None:
    result = call("answer", reader, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_a_file_of_single_texts_needs_a_context(work: Path, reader: Model) -> None:
    write_lines(work / "a.txt", QUESTIONS)
    assert complaint(call("answer", reader, "--input", "a.txt")).startswith(
        "a.txt holds single texts: name its columns 'question' and 'context'"
    )
    asked_in(work / "a.jsonl")
    assert complaint(call("answer", reader, "--input", "a.jsonl", "--context", "a.txt")) == (
        "a.jsonl holds pairs of texts; name one column with --text-column"
    )


# fill


def test_fill_prints_what_the_library_guesses(work: Path, filler: Model) -> None:
    assert lines(call("fill", filler, *MASKED)) == fills(filler)
    source = write_lines(work / "a.txt", MASKED)
    assert lines(call("fill", filler, "--input", source, "-k", 2)) == fills(filler, 2)
    stdin = "".join(f"{text}\n" for text in MASKED)
    assert lines(call("fill", filler, "--input", "-", stdin=stdin)) == fills(filler)


def test_guesses_are_written_to_every_format(work: Path, filler: Model) -> None:
    write_lines(work / "a.txt", MASKED)
    for ending in ("jsonl", "csv", "parquet"):
        lines(call("fill", filler, "--input", "a.txt", "-k", 2, "-o", f"out.{ending}", "--resume"))
    expected = fills(filler, 2)
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row.pop("fingerprint") for row in rows] == 2 * [filler.fingerprint]
    assert rows == expected == pq.read_table("out.parquet").to_pylist()
    with Path("out.csv").open(newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert [{"text": c["text"], "fills": json.loads(c["fills"])} for c in cells] == expected


def test_a_text_without_a_mask_has_no_answer_and_the_others_do(work: Path, filler: Model) -> None:
    write_lines(work / "a.txt", [MASKED[0], "no mask", MASKED[1]])
    why = "has no [MASK] to fill in"
    expected = [fills(filler)[0], {"text": "no mask", "error": why}, fills(filler)[1]]
    for output in ([], ["-o", "out.jsonl"]):
        result = call("fill", filler, "--input", "a.txt", *output)
        told = f"Error: a.txt, line 2: {why}. All others were answered\n"
        assert (result.exit_code, result.stderr) == (1, told)
        rows = map(json.loads, (result.stdout or Path("out.jsonl").read_text()).splitlines())
        assert [{k: row[k] for k in row if k != "fingerprint"} for row in rows] == expected
    told = complaint(call("fill", filler, "--input", "a.txt", "-o", "out.csv"))
    assert told.startswith(f"a.txt, line 2: {why}. Nothing was written")
    assert not Path("out.csv").exists()


def test_how_many_texts_are_read_in_part_is_told(filler: Model) -> None:
    result = call("fill", filler, f"[MASK] {'is ' * 100}")
    assert result.exit_code == 0
    assert result.stderr == (
        f"1 of 1 texts is longer than the {filler.max_length} tokens the model reads\n"
    )


# all


@pytest.mark.parametrize(
    ("verb", "arguments", "needs"),
    [
        ("answer", ["a", "b"], "answer needs one for question-answering"),
        ("answer", ["a", "b", "-o", "new.csv"], "answer needs one for question-answering"),
        ("fill", ["a"], "fill_mask needs one for fill-mask"),
        ("fill", ["a", "-o", "new.csv"], "fill_mask needs one for fill-mask"),
        ("rerank", ["a", "b"], "rerank needs one for text-classification"),
    ],
)
def test_a_bundle_for_another_task_is_refused_before_its_texts(
    work: Path, tiny_bundle: Path, verb: str, arguments: list[str], needs: str
) -> None:
    told = complaint(call(verb, load(tiny_bundle), *arguments))
    assert told == f"{tiny_bundle} is a feature-extraction bundle; {needs}"
    assert list(work.iterdir()) == []
