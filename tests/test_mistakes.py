"""What a training record tells of wrong answers, worked out by hand and of real runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgebert.data import Span
from edgebert.measures.mistakes import MOST_CONFUSED, entity_mistakes, label_mistakes
from edgebert.records.codec import read_json, to_json
from edgebert.records.trained import Confusion, EntityMistake, LabelCounts, TrainingRecord
from edgebert.training import DistillOptions, FinetuneOptions, distill, finetune

OPTIONS = FinetuneOptions(epochs=2, batch_size=8, learning_rate=1e-3, precision="fp32")


def test_labels_are_counted_and_confused() -> None:
    found = label_mistakes([0, 0, 0, 1, 2], [0, 1, 1, 1, 0], ["a", "b", "c"])
    assert found.texts == 5
    assert found.labels == (
        LabelCounts("a", 1, 2, 1),
        LabelCounts("b", 1, 0, 2),
        LabelCounts("c", 0, 1, 0),
    )
    assert found.confusions == (
        Confusion("a", "a", 1),
        Confusion("a", "b", 2),
        Confusion("b", "b", 1),
        Confusion("c", "a", 1),
    )


def test_of_many_labels_the_most_confused_are_told_apart() -> None:
    names = [f"label {n}" for n in range(150)]
    gold = list(range(150)) * 2
    guessed = list(gold)
    for n in range(10):  # 0 to 9 are taken for 140 to 149
        guessed[n] = guessed[150 + n] = 140 + n
    guessed[50] = 51  # fewer mistakes than those have
    found = label_mistakes(gold, guessed, names)
    told = {name for one in found.confusions for name in (one.gold, one.found)}
    confused = {names[n] for n in (*range(10), *range(140, 150))}
    assert told == {None, *confused} and len(confused) == MOST_CONFUSED
    assert sum(one.count for one in found.confusions) == 300
    assert Confusion("label 3", "label 143", 2) in found.confusions
    assert Confusion(None, None, 260) in found.confusions
    assert len(found.labels) == 150


def test_several_labels_to_a_text_are_counted_each() -> None:
    gold, found = [[1, 0], [1, 1], [0, 0]], [[1, 1], [0, 1], [0, 0]]
    mistakes = label_mistakes(np.array(gold), np.array(found, np.float32), ["a", "b"])
    assert mistakes.labels == (LabelCounts("a", 1, 1, 0), LabelCounts("b", 1, 0, 1))
    assert mistakes.confusions == ()


def test_entities_are_missed_spurious_of_another_label_or_cut_elsewhere() -> None:
    text = "anna of new york and ben"
    gold = [Span(0, 4, "PER"), Span(8, 16, "LOC"), Span(21, 24, "PER")]
    found = [Span(0, 4, "LOC"), Span(12, 16, "LOC"), Span(17, 20, "PER")]
    mistakes = entity_mistakes([text, "paris"], [gold, [Span(0, 5, "LOC")]], [found, gold[:0]])
    assert mistakes.labels == (
        LabelCounts("LOC", 0, 1, 0, 0, 1),
        LabelCounts("PER", 0, 1, 1, 1, 0),
    )
    assert mistakes.entities == (
        EntityMistake("missed", "PER", None, "ben", None),
        EntityMistake("missed", "LOC", None, "paris", None),
        EntityMistake("spurious", None, "PER", None, "and"),
        EntityMistake("wrong label", "PER", "LOC", "anna", "anna"),
        EntityMistake("wrong boundaries", "LOC", "LOC", "new york", "york"),
    )


def test_examples_of_entities_are_few_and_short() -> None:
    texts = ["x" * 5000] * 40
    gold = [[Span(0, 5000, "A")]] * 40
    found = entity_mistakes(texts, gold, [[]] * 40)
    assert found.labels == (LabelCounts("A", 0, 40, 0),)
    assert len(found.entities) == 5
    assert all(len(one.gold_text or "") == 60 for one in found.entities)


@pytest.fixture(scope="module")
def intents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("intents") / "dev.tsv"
    words = {"on": "turn on the lamp", "off": "off with it", "tell": "tell me of paris"}
    rows = [f"{text} {n}\t{label}" for n in range(4) for label, text in words.items()]
    path.write_text("text\tlabel\n" + "\n".join(rows) + "\n")
    return path


def test_the_record_of_a_classifier_tells_the_mistakes_of_what_was_kept(
    tiny_embedder: Path, intents: Path, tmp_path: Path
) -> None:
    output = tmp_path / "clf"
    record = finetune(
        str(tiny_embedder), output, task="text-classification", train=intents, dev=intents,
        options=replace(OPTIONS, limit=6),
    )  # fmt: skip
    mistakes = record.mistakes
    assert mistakes is not None and record.best_dev is not None
    right = sum(one.count for one in mistakes.confusions if one.gold == one.found)
    assert 100 * right / 12 == pytest.approx(record.best_dev)
    assert [(f.role, f.rows) for f in record.files] == [("train", 12), ("dev", 12)]
    again = read_json(TrainingRecord, output / "training.json", "record")
    assert json.loads(to_json(again)) == json.loads(to_json(record))
    student = distill(
        str(output), tmp_path / "student", texts=intents, dev=intents,
        options=DistillOptions(layers=1, epochs=1, precision="fp32"),
    )  # fmt: skip
    assert student.mistakes is not None and student.mistakes.texts == 12


def test_the_record_of_a_tagger_tells_wrong_entities_and_one_without_dev_none(
    tiny_tagger: Path, tmp_path: Path
) -> None:
    tags = ["B-PER", "O", "O", "O"]
    rows = [{"tokens": ["anna", "is", "in", f"paris{n}"], "tags": tags} for n in range(6)]
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))
    options = replace(OPTIONS, epochs=1)
    record = finetune(
        str(tiny_tagger), tmp_path / "a", task="token-classification", train=data, dev=data,
        options=options,
    )  # fmt: skip
    assert record.mistakes is not None
    (counts,) = record.mistakes.labels
    assert counts.right + counts.missed + counts.wrong_label + counts.wrong_bounds == 6
    without = finetune(
        str(tiny_tagger), tmp_path / "b", task="token-classification", train=data,
        options=options,
    )  # fmt: skip
    assert without.mistakes is None
