"""Tables of texts that belong together, and of some that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgebert.data import read_examples, stream_texts
from edgebert.errors import InputError


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_negatives_stand_beside_their_pair_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    header = "negative_10\tanchor\tnegative_2\tpositive\tnegative\tnegatives"
    examples = read_examples(write(tmp_path / "a.tsv", header, "ten\ta\ttwo\tp\tnone\tx"))
    assert examples.texts == (("a", "p"),)
    assert examples.negatives == (("none", "two", "ten"),)
    assert examples.require_related_pairs() == ((("a", "p"),), (("none", "two", "ten"),))
    assert list(stream_texts(examples.path)) == [("a", "p")]


def test_a_pair_without_negatives_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"anchor": "a", "positive": "p"}')
    assert read_examples(path).require_related_pairs() == ((("a", "p"),), ((),))
    path = write(tmp_path / "b.csv", "sentence1,sentence2", "a,p")
    assert read_examples(path).require_related_pairs() == ((("a", "p"),), ((),))


def test_rows_that_are_taken_keep_their_negatives(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "anchor\tpositive\tnegative", "a\tp\tn", "b\tq\tm")
    assert read_examples(path).take([1]).negatives == (("m",),)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ('{"anchor": "a", "positive": "p", "negative": ""}', "negative"),
        ('{"anchor": "a", "positive": "p"}', "negative"),
        ('{"anchor": "a", "positive": " ", "negative": "n"}', "positive"),
        ('{"anchor": null, "positive": "p", "negative": "n"}', "anchor"),
    ],
)
def test_a_missing_cell_is_told_with_its_line(tmp_path: Path, row: str, column: str) -> None:
    whole = '{"anchor": "a", "positive": "p", "negative": "n"}'
    with pytest.raises(InputError) as caught:
        read_examples(write(tmp_path / "a.jsonl", whole, row))
    assert str(caught.value).startswith(f"{tmp_path / 'a.jsonl'}, line 2: ")
    assert f"'{column}'" in str(caught.value)
