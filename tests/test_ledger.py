"""The ledger: losses are seen, those that were written down are explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.ledger.__main__ import show
from benchmarks.ledger.entry import (
    FOLDER,
    Entry,
    Figure,
    losses,
    read_ledger,
    unexplained,
    write_entry,
)

SPEED = Figure("int8, short sentences, texts/s", 1000.0, 4.0, more_is_better=True)
TIME = Figure("int8, load, ms", 100.0)
ENTRY = Entry(commit="abc", figures=(SPEED, TIME))


def changed(**values: float) -> Entry:
    speed = replace(SPEED, to_pytorch=values.get("speed", 4.0), value=values.get("texts", 1000.0))
    return Entry(commit="def", figures=(speed, replace(TIME, value=values.get("load", 100.0))))


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        (changed(), []),
        (changed(speed=4.4, load=90), []),
        (changed(speed=3.9, load=102), []),
        (changed(speed=3.8), [SPEED.name]),
        (changed(load=104), [TIME.name]),
        (changed(texts=500), []),  # the machine was half as fast, PyTorch too
        (changed(speed=2.0, load=200), [SPEED.name, TIME.name]),
    ],
)
def test_a_figure_that_became_worse_by_more_than_three_percent_is_a_loss(
    after: Entry, lost: list[str]
) -> None:
    assert [loss.name for loss in losses(ENTRY, after)] == lost


def test_a_loss_has_to_be_explained() -> None:
    worse = changed(load=150)
    assert list(unexplained([ENTRY, worse])) == [
        f"def of {worse.created[:10]} does not say why it lost: int8, load, ms"
    ]
    assert list(unexplained([ENTRY, replace(worse, explained="it reads more")])) == []


def test_an_entry_is_added_behind_the_earlier_ones_and_shown_beside_the_last(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x86_64-avx2.json"
    for entry in (ENTRY, changed(load=150)):
        write_entry(entry, path)
    entries = read_ledger(path).entries
    assert [entry.commit for entry in entries] == ["abc", "def"]
    shown = show(entries[1], entries[:1])
    assert "to explain (WHY=...): int8, load, ms: 100 -> 150 (50.0 % worse)" in shown


def test_the_ledgers_of_the_project_explain_what_they_lost() -> None:
    ledgers = list(FOLDER.glob("*.json"))
    assert ledgers
    for path in ledgers:
        entries = read_ledger(path).entries
        assert entries and {entry.machine.cpu_class for entry in entries} == {path.stem}
        assert list(unexplained(entries)) == []
