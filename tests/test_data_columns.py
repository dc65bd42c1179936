"""Columns of a table that have no usual names: whoever reads it says what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgebert.cli import main
from edgebert.data import Columns, Span, read_examples, stream_texts
from edgebert.data.columns import refuse_without_columns
from edgebert.errors import InputError

CONTEXT = "The lamp in the kitchen was off."


def tsv(path: Path, *rows: str) -> Path:
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def jsonl(path: Path, *rows: dict[str, object]) -> Path:
    return tsv(path, *(json.dumps(row) for row in rows))


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def told(path: Path, columns: Columns) -> str:
    with pytest.raises(InputError) as caught:
        read_examples(path, columns=columns)
    return str(caught.value)


def test_texts_and_labels_of_any_name_are_read(tmp_path: Path) -> None:
    path = tsv(tmp_path / "a.tsv", "question\tcoarse", "Who?\tHUM", "When?\tNUM")
    examples = read_examples(path, columns=Columns("question", label="coarse"))
    assert (examples.texts, examples.labels) == (("Who?", "When?"), (("HUM",), ("NUM",)))
    assert list(stream_texts(path, columns=Columns("question"))) == ["Who?", "When?"]


def test_a_pair_is_two_columns_of_any_name(tmp_path: Path) -> None:
    path = tsv(tmp_path / "a.tsv", "left\tright\talike", "a\tb\t2.5", "c\td\t1")
    columns = Columns("left", "right", "alike")
    examples = read_examples(path, columns=columns)
    assert examples.require_scored_pairs() == ((("a", "b"), ("c", "d")), (2.5, 1.0))
    assert list(stream_texts(path, columns=columns)) == [("a", "b"), ("c", "d")]


def test_texts_of_any_name_may_have_others_that_do_not_belong_to_them(tmp_path: Path) -> None:
    path = tsv(tmp_path / "a.tsv", "query\tdocument\tnegative", "a\tb\tc", "d\te\tf")
    examples = read_examples(path, columns=Columns("query", "document"))
    assert (examples.texts, examples.negatives) == ((("a", "b"), ("d", "e")), (("c",), ("f",)))


def test_a_second_text_goes_with_the_first_of_a_usual_name(tmp_path: Path) -> None:
    path = tsv(tmp_path / "a.tsv", "text_b\tsentence1\tsentence2", "x\ta\tb")
    assert read_examples(path, columns=Columns(pair="text_b")).texts == (("a", "x"),)
    assert read_examples(path, columns=Columns("sentence2")).texts == ("b",)


def test_a_named_label_of_pairs_is_a_score_where_it_is_a_number_everywhere(tmp_path: Path) -> None:
    rows = ("premise\thypothesis\trelation\tscore", "a\tb\t1\t0.5", "c\td\tneutral\t0.7")
    path = tsv(tmp_path / "a.tsv", *rows)
    examples = read_examples(path, columns=Columns(label="relation"))
    assert (examples.labels, examples.scores) == ((("1",), ("neutral",)), (0.5, 0.7))
    path = tsv(tmp_path / "b.tsv", *rows[:2])
    assert read_examples(path, columns=Columns(label="relation")).scores == (1.0,)


def test_tokens_and_tags_of_any_name_are_read(tmp_path: Path) -> None:
    row = {"words": ["Anna", "sleeps"], "entities": ["B-PER", "O"], "tokens": 2}
    path = jsonl(tmp_path / "a.jsonl", row)
    examples = read_examples(path, columns=Columns("words", label="entities"))
    assert examples.texts == ("Anna sleeps",)
    assert examples.entities == ((Span(0, 4, "PER"),),)


def test_of_several_kinds_of_tags_one_is_named(tmp_path: Path) -> None:
    tags = {"tags": ["O", "O"], "ner_tags": ["O", "B-LOC"]}
    path = jsonl(tmp_path / "a.jsonl", {"tokens": ["in", "Oslo"], **tags})
    assert read_examples(path).entities == ((),)
    named = Columns(label="ner_tags")
    assert read_examples(path, columns=named).entities == ((Span(3, 7, "LOC"),),)
    assert list(stream_texts(path, columns=Columns("tokens"))) == ["in Oslo"]


def test_questions_contexts_and_answers_of_any_name_are_read(tmp_path: Path) -> None:
    answers = {"text": ["the kitchen"], "answer_start": [12]}
    path = jsonl(
        tmp_path / "a.jsonl",
        {"q": "Why?", "passage": CONTEXT, "gold": []},
        {"q": "Where?", "passage": CONTEXT, "gold": answers},
    )
    examples = read_examples(path, columns=Columns("q", "passage", "gold"))
    assert examples.texts[1] == ("Where?", CONTEXT)
    assert examples.require_answers() == ((), ("the kitchen",))
    assert examples.answer_starts == ((), (12,))
    assert examples.labels is None


def test_two_roles_for_one_column_are_refused() -> None:
    with pytest.raises(InputError, match=r"^--text-column and --label-column both name .* 'a'$"):
        Columns("a", label="a")


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = tsv(tmp_path / "a.tsv", "question\tcoarse", "Who?\tHUM")
    for columns in (Columns("x"), Columns(pair="x"), Columns("question", label="x")):
        assert told(path, columns) == (
            f"{path}, line 1: no column named 'x'; columns found: question, coarse"
        )
    assert told(path, Columns(label="coarse")) == (
        f"{path}, line 1: no column named 'text' or 'sentence'; columns found: question, coarse. "
        "Call yours 'text', or name it with --text-column"
    )


@pytest.mark.parametrize("name", ["a.txt", "a.conll", "a.json", "folder"])
@pytest.mark.parametrize(
    ("columns", "option"),
    [
        (Columns("x"), "--text-column"),
        (Columns(pair="x"), "--pair-column"),
        (Columns(label="x"), "--label-column"),
    ],
)
def test_what_has_no_columns_is_told(
    tmp_path: Path, name: str, columns: Columns, option: str
) -> None:
    path = tmp_path / name
    path.mkdir() if name == "folder" else path.write_text("a O\n")
    assert told(path, columns) == f"{path} has no columns, so {option} cannot name one"


def test_names_hold_for_the_tables_among_several_files(tmp_path: Path) -> None:
    table, plain = tmp_path / "a.tsv.gz", tmp_path / "b.txt"
    columns = Columns("x", label="y")
    refuse_without_columns(columns, [table, plain])
    assert columns.of(table) == columns
    assert columns.of_texts(table) == Columns("x")
    assert columns.of(plain) == columns.of_texts(plain) == Columns()
    with pytest.raises(InputError, match=r"b\.txt has no columns, so --text-column cannot name"):
        refuse_without_columns(columns, [plain])


def test_names_of_columns_need_a_file(
    tiny_classifier: Path, tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    bundle, output = tiny_classifier_bundle, tmp_path / "out"
    for command in (
        ("check", bundle, bundle),
        ("build", tiny_classifier, "-o", output),
        ("kernels", bundle, "--reference", bundle, "-o", output),
    ):
        result = call(*command, "--label-column", "x")
        assert result.exit_code == 1
        assert result.stderr == "Error: --label-column names a column of a file: give --data\n"
    result = call("quantize", bundle, "-o", output, "--label-column", "x")
    assert result.stderr == (
        "Error: --label-column names a column of a file: give --calibration or --data\n"
    )


@pytest.mark.parametrize(
    ("needed", "way_out"),
    [
        ("labels", "Name yours with --label-column"),
        ("scored_pairs", "Name yours with --text-column, --pair-column and --label-column"),
        ("entities", "Name yours with --text-column and --label-column"),
        ("answers", "Name yours with --text-column, --pair-column and --label-column"),
    ],
)
def test_options_are_named_where_there_are_some(tmp_path: Path, needed: str, way_out: str) -> None:
    path = tsv(tmp_path / "a.tsv", "text\tlable", "a\tx")
    for columns, ending in ((None, "columns found: text, lable"), (Columns(), f". {way_out}")):
        with pytest.raises(InputError) as caught:
            getattr(read_examples(path, columns=columns), f"require_{needed}")()
        assert str(caught.value).endswith(ending)


def test_a_classifier_learns_columns_of_any_name_and_is_checked_on_them(
    tiny_embedder: Path, tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    rows = ("question\tcoarse", "the lamp\ton", "the fan\toff")
    path = tsv(tmp_path / "train.tsv", *rows)
    columns = ("--text-column", "question", "--label-column", "coarse")
    asked = ("finetune", tiny_embedder, "--task", "text-classification", "--epochs", "1")
    output = tmp_path / "out"
    result = call(*asked, "--train", path, "--dev", path, *columns, "-o", output)
    assert result.exit_code == 0, result.stderr
    record = json.loads((output / "training.json").read_text(encoding="utf-8"))
    assert record["labels"] == ["off", "on"]
    assert record["options"]["columns"] == {"text": "question", "pair": None, "label": "coarse"}
    distilled = ("distill", output, "--layers", "1", "--epochs", "1", "--train", path, *columns)
    assert call(*distilled, "-o", tmp_path / "student").exit_code == 0
    both = (tiny_classifier_bundle, tiny_classifier_bundle)
    result = call("check", *both, "--data", path, *columns)
    assert result.exit_code == 0 and "accuracy" in result.stdout, result.stderr


def test_pairs_of_any_name_are_classified_from_a_file(
    tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    path = tsv(tmp_path / "a.tsv", "left\tright", "the lamp\tis on")
    columns = ("--text-column", "left", "--pair-column", "right")
    result = call("classify", tiny_classifier_bundle, "--input", path, *columns)
    assert json.loads(result.stdout)["text"] == ["the lamp", "is on"]
    refused = call("embed", tiny_classifier_bundle, "--input", path, *columns)
    assert refused.exit_code == 2 and "No such option" in refused.stderr
