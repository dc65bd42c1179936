"""Queries, documents and judgements in the layout of BEIR."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from edgebert.data import read_examples
from edgebert.data.retrieval import Split
from edgebert.errors import InputError

CORPUS = [
    '{"_id": "d1", "title": "Lamps", "text": "give light"}',
    '{"_id": "d2", "title": "", "text": "fans"}',
    '{"_id": "q2", "text": "kitchens"}',
]
QUERIES = ['{"_id": "q0", "text": "none"}', '{"_id": "q1", "text": "light?"}',
           '{"_id": "q2", "text": "kitchens"}']  # fmt: skip
JUDGEMENTS = ["query-id\tcorpus-id\tscore", "q2\td2\t1", "q1\tq2\t0", "q1\td1\t2"]


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    (tmp_path / "qrels").mkdir()
    for name, lines in (
        ("corpus.jsonl", CORPUS),
        ("queries.jsonl", QUERIES),
        ("qrels/test.tsv", JUDGEMENTS),
        ("qrels/train.tsv", [*JUDGEMENTS[:1], "q0\td1\t1"]),
    ):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def complaint(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_examples(folder)
    return str(caught.value).removeprefix(str(folder))


def test_judged_queries_come_first_and_every_document_after(beir: Path) -> None:
    examples = read_examples(beir)
    assert examples.texts == ("kitchens", "light?", "Lamps give light", "fans", "kitchens")
    assert examples.retrieval is not None
    assert examples.retrieval.queries == 2
    assert examples.retrieval.relevance == ({1: 1}, {2: 0, 0: 2})
    assert examples.retrieval.identical == {0: 2}


def test_a_gzipped_corpus_is_read_alike(beir: Path) -> None:
    plain = read_examples(beir).texts
    raw = (beir / "corpus.jsonl").read_bytes()
    (beir / "corpus.jsonl").unlink()
    (beir / "corpus.jsonl.gz").write_bytes(gzip.compress(raw))
    assert read_examples(beir).texts == plain


def test_judgements_may_lie_beside_the_corpus(beir: Path) -> None:
    expected = read_examples(beir).retrieval
    (beir / "qrels/test.tsv").rename(beir / "qrels_test.tsv")
    assert read_examples(beir).retrieval == expected


def test_the_only_judgements_are_taken_and_of_several_none_is_guessed(beir: Path) -> None:
    (beir / "qrels/test.tsv").rename(beir / "qrels/dev.tsv")
    assert complaint(beir) == (": expected judgements in qrels/test.tsv; found dev.tsv, train.tsv")
    (beir / "qrels/train.tsv").unlink()
    retrieval = read_examples(beir).retrieval
    assert retrieval is not None
    assert retrieval.queries == 2


def test_rows_taken_from_a_retrieval_set_are_plain_texts(beir: Path) -> None:
    taken = read_examples(beir).take([3, 0])
    assert (taken.texts, taken.retrieval) == (("fans", "kitchens"), None)


def test_labels_asked_of_a_retrieval_set_are_refused(beir: Path) -> None:
    with pytest.raises(InputError, match="expected a 'label' column; found queries and documents"):
        read_examples(beir).require_labels()


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_a_folder_of_another_kind_is_told(beir: Path, name: str) -> None:
    (beir / name).unlink()
    assert complaint(beir) == (
        f" is a folder without {name}: expected a file, or a folder in the BEIR layout "
        "(corpus.jsonl, queries.jsonl, qrels/test.tsv)"
    )


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("corpus.jsonl", '{"_id": "d9"}', ", line 1: expected '_id' and 'text'"),
        ("corpus.jsonl", '{"_id": "d2", "text": ""}', ", line 2: a second text with the id 'd2'"),
        ("queries.jsonl", '{"text": "x"}', ", line 1: expected '_id' and 'text'"),
        ("qrels/test.tsv", "query\tdoc\tscore", ", line 1: expected the columns query-id, corpus-id, score; found query, doc, score"),
        ("qrels/test.tsv", JUDGEMENTS[0] + "\nq9\td1\t1", ", line 2: there is no query with the id 'q9'"),
        ("qrels/test.tsv", JUDGEMENTS[0] + "\nq1\td9\t1", ", line 2: there is no document with the id 'd9'"),
        ("qrels/test.tsv", JUDGEMENTS[0] + "\nq1\td1\tgood", ", line 2: 'score' should be a whole number, not 'good'"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_with_file_and_line(
    beir: Path, name: str, line: str, expected: str
) -> None:
    lines = (beir / name).read_text().splitlines()
    (beir / name).write_text("\n".join([line, *lines[1:]]) + "\n")
    assert complaint(beir) == f"/{name}{expected}"


def test_no_judgement_at_all_is_told(beir: Path) -> None:
    (beir / "qrels/test.tsv").write_text(JUDGEMENTS[0] + "\n")
    assert complaint(beir) == "/qrels/test.tsv holds no judgement"


def test_each_use_reads_its_own_judgements(beir: Path) -> None:
    def queries(split: Split) -> tuple[object, ...]:
        examples = read_examples(beir, split=split)
        assert examples.retrieval is not None
        return examples.texts[: examples.retrieval.queries]

    assert queries("train") == ("none",)
    assert queries("dev") == queries("test") == ("kitchens", "light?")
    (beir / "qrels/dev.tsv").write_text(f"{JUDGEMENTS[0]}\nq1\td1\t1\n")
    assert queries("dev") == ("light?",)


@pytest.mark.parametrize("split", ["train", "dev"])
def test_the_only_judgements_are_not_taken_for_those_to_learn_or_choose_by(
    beir: Path, split: Split
) -> None:
    (beir / "qrels/test.tsv").rename(beir / "qrels/other.tsv")
    (beir / "qrels/train.tsv").unlink()
    with pytest.raises(InputError) as caught:
        read_examples(beir, split=split)
    assert str(caught.value) == (
        f"{beir}: expected judgements in qrels/{split}.tsv; found other.tsv"
    )
