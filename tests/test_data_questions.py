"""Questions with their answers: SQuAD's JSON and rows of JSONL."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from edgebert.data import read_examples
from edgebert.errors import InputError

CONTEXT = "The lamp in the kitchen was off."
WHERE = {"id": "1", "question": "Where?", "answers": [{"text": "the kitchen", "answer_start": 12}]}


def squad(*questions: Any) -> dict[str, Any]:
    return {"version": "1.1", "data": [{"paragraphs": [{"context": CONTEXT, "qas": questions}]}]}


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_examples(path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize("zipped", [False, True])
def test_squad_is_read_as_questions_with_contexts(tmp_path: Path, zipped: bool) -> None:
    twice = {**WHERE, "answers": [*WHERE["answers"], *WHERE["answers"], {"text": "kitchen"}]}
    path = written(tmp_path / "dev.json", squad(WHERE, twice))
    if zipped:
        path = tmp_path / "dev.json.gz"
        path.write_bytes(gzip.compress((tmp_path / "dev.json").read_bytes()))
    examples = read_examples(path)
    assert examples.texts == (("Where?", CONTEXT),) * 2
    assert examples.require_answers() == (("the kitchen",), ("the kitchen", "kitchen"))
    assert examples.take([1]).answers == (("the kitchen", "kitchen"),)


def test_an_impossible_question_has_no_answer(tmp_path: Path) -> None:
    unanswered = {"question": "Why?", "answers": [], "is_impossible": True}
    plausible = {"question": "When?", "is_impossible": True}
    path = written(tmp_path / "dev.json", squad(WHERE, unanswered, plausible))
    assert read_examples(path).answers == (("the kitchen",), (), ())


@pytest.mark.parametrize("answers", [WHERE["answers"], {"text": ["the kitchen"]}])
def test_rows_of_jsonl_are_read_alike(tmp_path: Path, answers: Any) -> None:
    path = tmp_path / "dev.jsonl"
    row = {"question": "Where?", "context": CONTEXT, "answers": answers}
    path.write_text(json.dumps(row) + "\n\n" + json.dumps({**row, "answers": []}) + "\n")
    examples = read_examples(path)
    assert examples.texts[0] == ("Where?", CONTEXT)
    assert examples.answers == (("the kitchen",), ())
    assert examples.where(1) == f"{path}, line 3"


def test_questions_without_answers_are_pairs_of_texts(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("question\tcontext\nWhere?\tHere.\n")
    examples = read_examples(tmp_path / "a.tsv")
    assert (examples.texts, examples.answers) == ((("Where?", "Here."),), None)


def test_a_file_whose_answers_are_all_empty_has_no_metric(tmp_path: Path) -> None:
    path = written(tmp_path / "dev.json", squad({**WHERE, "answers": [{"text": ""}]}))
    with pytest.raises(InputError, match=r"dev\.json: no question has an answer"):
        read_examples(path).require_answers()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], ": expected a list named 'data', as in SQuAD"),
        ({"data": {}}, ": expected a list named 'data', as in SQuAD"),
        ({"data": [3]}, ", article 1: expected an object, as in SQuAD"),
        ({"data": [{"title": "x"}]}, ", article 1: expected a list named 'paragraphs', as in SQuAD"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, ", article 1, paragraph 1: expected text named 'context', as in SQuAD"),
        (squad(WHERE, {"answers": []}), ", article 1, paragraph 1, question 2: expected text named 'question', as in SQuAD"),
        (squad({"question": "Where?"}), ", article 1, paragraph 1, question 1: 'answers' should be a list of objects with 'text'"),
        (squad({**WHERE, "answers": ["x"]}), ", article 1, paragraph 1, question 1: expected text named 'text', as in SQuAD"),
        (squad(), " holds no text"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_laid_out_like_squad_is_told(
    tmp_path: Path, content: Any, expected: str
) -> None:
    assert complaint(written(tmp_path / "dev.json", content)) == expected


def test_json_that_breaks_off_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text('{"data":\n [\n')
    assert complaint(tmp_path / "dev.json") == ", line 2: this is not JSON (Expecting value)"


def test_an_answer_of_jsonl_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    path.write_text('{"question": "a", "context": "b", "answers": "c"}\n')
    assert complaint(path) == ", line 1: 'answers' should be a list of objects with 'text'"
