"""What `check` takes as a side: checkpoints, bundles, ONNX files and saved outputs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from tiny import make_checkpoint

from edgebert.data.samples import SENTENCES
from edgebert.drift import check
from edgebert.errors import CheckpointError, GateError, InputError
from edgebert.export import ExportOptions, export_model
from edgebert.measures import Thresholds
from edgebert.runtimes import load

TEXTS = ["turn the lamp on", "the fan is off", "Anna was in Paris", "please tell ben", ""]


@pytest.fixture
def saved(tiny_bundle: Path, tmp_path: Path) -> Path:
    """Vectors of some texts, as `embed --output` writes them."""
    vectors = load(tiny_bundle).embed(TEXTS)
    return _write(tmp_path / "saved.jsonl", "embedding", TEXTS, [v.tolist() for v in vectors])


def _write(path: Path, key: str, texts: Iterable[str], values: Iterable[Any]) -> Path:
    rows = [
        {"text": text} | (value if key == "" else {key: value})
        for text, value in zip(texts, values, strict=True)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_saved_vectors_are_held_to_the_bundle_that_wrote_them(
    tiny_bundle: Path, saved: Path
) -> None:
    record = check(tiny_bundle, saved)
    assert (record.passed, record.n, record.data) == (True, 5, "saved.jsonl")
    assert record.thresholds == {"max_drift": 1e-05}
    assert record.batch_invariance is None
    assert record.max_length is None
    assert [gate.name for gate in record.gates] == ["max_drift", "same pooling"]


def test_saved_vectors_of_another_model_are_refused(
    tiny_int8: Path, tiny_bundle: Path, tmp_path: Path, saved: Path
) -> None:
    vectors = load(tiny_bundle).embed(TEXTS)[:, ::-1]
    other = _write(tmp_path / "o.jsonl", "embedding", TEXTS, [v.tolist() for v in vectors])
    with pytest.raises(GateError, match=r"drift .* is above"):
        check(tiny_int8, other)
    with pytest.raises(GateError, match=r"drift .* is above 0.03 \(default\)"):
        check(saved, other)


def test_a_saved_file_stands_in_for_a_reference(saved: Path, tiny_int8: Path) -> None:
    record = check(saved, tiny_int8, thresholds=Thresholds(max_drift=0.1))
    assert 0 < record.distance_mean < 0.1


def test_saved_scores_give_the_same_answers_again(
    tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    answers = [asdict(answer) for answer in load(tiny_classifier_bundle).classify(TEXTS)]
    for answer in answers:
        del answer["labels"]
    record = check(tiny_classifier_bundle, _write(tmp_path / "c.jsonl", "", TEXTS, answers))
    assert record.passed
    assert record.labels is not None
    assert record.labels.flips == 0
    assert record.distance_mean < 1e-6
    assert "same label order" in {gate.name for gate in record.gates}
    assert "same tokenizer" not in {gate.name for gate in record.gates}  # a file shows none


def test_saved_entities_are_compared_as_entities(tiny_tagger_bundle: Path, tmp_path: Path) -> None:
    found = load(tiny_tagger_bundle).tag(list(SENTENCES))
    rows = [{"entities": [asdict(entity) for entity in entities]} for entities in found]
    same = _write(tmp_path / "same.jsonl", "", SENTENCES, rows)
    record = check(tiny_tagger_bundle, same)
    assert record.distance_mean == 0.0
    assert record.labels is None

    first = next(row for row in rows if row["entities"])
    first["entities"][0]["label"] = "ORG"
    other = _write(tmp_path / "other.jsonl", "", SENTENCES, rows)
    changed = check(same, other, thresholds=Thresholds(max_drift=1.0))
    assert changed.entities is not None
    assert (changed.entities.relabelled, changed.entities.lost) == (1, 0)
    assert changed.distance_mean > 0


def test_a_text_that_was_not_saved_is_named(tiny_bundle: Path, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("turn the lamp on\nberlin\n")
    with pytest.raises(InputError, match="no answer for 1 of 2 texts, first 'berlin'"):
        check(tiny_bundle, saved, tmp_path / "texts.txt")


def test_two_files_of_different_lengths_do_not_compare(saved: Path, tmp_path: Path) -> None:
    shorter = tmp_path / "shorter.jsonl"
    shorter.write_text("".join(saved.read_text().splitlines(keepends=True)[:-1]))
    for sides in ((saved, shorter), (shorter, saved)):
        with pytest.raises(InputError, match=r"shorter.jsonl has no answer for 1 of 5 texts"):
            check(*sides)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "a"}', "line 1: expected what embed, classify or tag writes"),
        ('{"embedding": [1, 2]}', "line 1: expected a 'text'"),
        ('{"text": "a", "embedding": ["x"]}', "line 1: its 'embedding' cannot be read"),
        (
            '{"text": "a", "embedding": [1]}\n{"text": "b", "embedding": [1, 2]}',
            "different lengths",
        ),
        ('{"text": "a", "scores": {"on": 2, "off": 0}}', "line 1: its 'scores' cannot be read"),
        ('{"text": "a", "entities": [{}]}', "line 1: its 'entities' cannot be read"),
        ("", "holds no answers"),
    ],
)
def test_a_file_without_answers_is_told(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(InputError, match=said):
        check(path, path)


def test_an_onnx_file_of_a_bundle_answers_like_the_bundle(tiny_bundle: Path) -> None:
    record = check(tiny_bundle, tiny_bundle / "model.onnx")
    assert record.passed
    assert record.distance_mean == 0.0
    assert record.weights is not None
    assert record.weights.compared > 30


def test_an_onnx_file_that_stops_at_token_vectors_is_pooled(
    tiny_embedder: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    import onnx

    folder = Path(shutil.copytree(tiny_embedder, tmp_path / "export"))
    (folder / "onnx").mkdir()
    model = onnx.load(tiny_bundle / "model.onnx")
    (pooled,) = [value for value in model.graph.output if value.name == "sentence_embedding"]
    model.graph.output.remove(pooled)
    onnx.save(model, folder / "onnx/model.onnx")
    if not (folder / "tokenizer.json").is_file():
        shutil.copy(tiny_bundle / "tokenizer.json", folder)
    record = check(tiny_bundle, folder / "onnx/model.onnx")
    assert record.passed
    assert record.distance_mean < 1e-9


def test_an_onnx_file_without_its_tokenizer_says_so(tiny_bundle: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(tiny_bundle / "model.onnx", tmp_path / "model.onnx"))
    with pytest.raises(InputError, match=r"has no tokenizer.json beside it"):
        check(tiny_bundle, alone)
    with pytest.raises(InputError, match="does not exist"):
        check(tiny_bundle, tmp_path / "nothing.onnx")


def test_labels_in_another_order_are_matched_by_name(
    tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    answers = [asdict(answer) for answer in load(tiny_classifier_bundle).classify(TEXTS)]
    for answer in answers:
        del answer["labels"]
        answer["scores"] = dict(sorted(answer["scores"].items(), reverse=True))
    assert check(tiny_classifier_bundle, _write(tmp_path / "c.jsonl", "", TEXTS, answers)).passed


def test_labels_that_one_side_does_not_know_do_not_compare(
    tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    answers = [{"label": "on", "score": 1.0, "scores": {"on": 1.0, "up": 0.0}} for _ in TEXTS]
    path = _write(tmp_path / "c.jsonl", "", TEXTS, answers)
    with pytest.raises(InputError, match=r"label '(off|tell|up)' is known to one side only"):
        check(tiny_classifier_bundle, path)


def test_answers_to_questions_are_scored_and_compared(tmp_path: Path) -> None:
    reader = make_checkpoint(tmp_path / "reader", "BertForQuestionAnswering")
    other = make_checkpoint(tmp_path / "other", "BertForQuestionAnswering", seed=3)
    context = "Anna was in Paris, and Ben told the kitchen fan to turn off in Berlin."
    rows = [
        {"question": q, "context": context, "answers": [{"text": a}]}
        for q, a in [("Who was in Paris?", "Anna"), ("Where is Ben?", "in Berlin")]
    ]
    data = tmp_path / "squad.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    same = check(reader, reader, data)
    assert [metric.name for metric in same.metrics] == ["f1", "exact_match"]
    assert (same.distance_mean, same.task) == (0.0, "question-answering")

    changed = check(reader, other, data)
    assert changed.labels is not None
    assert changed.labels.flips == 2
    assert changed.distance_mean > 0.5

    pairs = [[row["question"], context] for row in rows]
    saved = _write_pairs(tmp_path / "saved.jsonl", pairs, ["Anna", "in berlin"])
    record = check(saved, saved, data)
    assert record.metric is not None
    assert record.metric.candidate == 100.0


def _write_pairs(path: Path, pairs: list[Any], answers: list[str]) -> Path:
    rows = [{"text": text, "answer": answer} for text, answer in zip(pairs, answers, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_task_that_is_none_cannot_be_exported_and_says_so(tiny_embedder: Path) -> None:
    options = ExportOptions(task="translation")
    with pytest.raises(CheckpointError, match="is for translation, which cannot be exported"):
        export_model(tiny_embedder, tiny_embedder.with_name("none"), options=options)


def test_a_bundle_with_a_trimmed_vocabulary_is_still_the_same_model(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus.txt"
    texts = ["turn on the lamp", "anna is in paris", "the fan is off", "ben is late !"] * 4
    corpus.write_text("\n".join(texts), encoding="utf-8")
    options = ExportOptions(trim_vocabulary=corpus)
    record = export_model(tiny_embedder, tmp_path / "trimmed", options=options)
    assert record.trimmed_vocabulary is not None
    assert record.trimmed_vocabulary.kept < record.trimmed_vocabulary.pieces
    checked = check(tiny_embedder, tmp_path / "trimmed", data=corpus)
    assert checked.passed, checked.failures
