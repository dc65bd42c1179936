"""The script that compares two versions of the code finds what differs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from same_answers import compare, differences, found_by

OLD = {"bundle a": {"answers": {"embed": [[0.5, 0.25]], "text": "anna"}, "files": {"m": "12"}}}


def changed(**answers: object) -> dict[str, dict[str, object]]:
    return {"bundle a": {"answers": answers, "files": {"m": "12"}}}


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (changed(embed=[[0.5, math.nextafter(0.25, 1)]], text="anna"), "answers, embed[0][1]: 0.25 -> 0.25000000000000006"),
        (changed(embed=[[0.5]], text="anna"), "answers, embed[0]: [0.5, 0.25] -> [0.5]"),
        (changed(embed=[[0.5, 0.25]]), "answers, text: only the old one has it"),
        ({}, ": {'answers': "),
    ],
)  # fmt: skip
def test_the_last_bit_of_a_number_and_what_is_missing_are_differences(
    new: dict[str, dict[str, object]], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(OLD, new) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("DIFFERS bundle a\n")
    assert told in printed


def test_a_key_that_is_new_is_told_and_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(OLD, changed(embed=[[0.5, 0.25]], text="anna", more=1)) == 0
    assert capsys.readouterr().out == "same   bundle a\n         new: answers, more\n"


def test_other_bytes_of_the_same_graph_are_told_and_no_difference(
    capsys: pytest.CaptureFixture[str],
) -> None:
    old, new = ({"export a": {"graph": "1", "bytes": {"model.onnx": x}}} for x in "23")
    assert compare(old, new) == 0
    assert "         other bytes: model.onnx: '2' -> '3'\n" in capsys.readouterr().out


def test_long_texts_are_shown_where_they_differ() -> None:
    (line,) = differences("a" * 500 + "b" + "c" * 500, "a" * 500 + "d" + "c" * 500)
    assert "ab" in line
    assert "ad" in line
    assert len(line) < 250


def test_a_kept_file_stands_for_a_version(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"export bert": {}, "check a": {}}))
    assert found_by(kept, tmp_path, quick=False).keys() == {"export bert", "check a"}
    assert found_by(kept, tmp_path, quick=True).keys() == {"check a"}
