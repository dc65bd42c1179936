"""Models that give a text or a pair one score; and labels, scores and options that make no sense."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sentence_transformers import CrossEncoder
from tiny import make_untrained

from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.data import Examples, read_examples
from edgebert.drift.metrics import scores_of
from edgebert.errors import InputError
from edgebert.export import export_model
from edgebert.records.trained import TrainingRecord
from edgebert.runtimes import load
from edgebert.training import FinetuneOptions, evaluate, finetune
from edgebert.training.tasks.labels.classification import MultiLabel
from edgebert.training.tasks.trainable import load_task

QUICK = FinetuneOptions(epochs=6, batch_size=8, learning_rate=3e-3, precision="fp32")
DEVICES = ("lamp", "light", "fan", "kitchen", "bedroom", "paris", "berlin", "anna")


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT as it is before training; no dropout, so that a few steps suffice."""
    return make_untrained(tmp_path_factory.mktemp("bert"), layers=1)


@pytest.fixture(scope="module")
def relevant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Queries with two texts each, of which the one that says "on" answers."""
    rows = [
        f"where is the {device}\tthe {other} is {state}\t{int(state == 'on')}"
        for device in DEVICES
        for other, state in ((device, "on"), (device, "late"))
    ]
    return write(tmp_path_factory.mktemp("rows") / "a.tsv", ["text\ttext_pair\tlabel", *rows])


def trained(bert: Path, output: Path, train: Path, task: str, **options: object) -> TrainingRecord:
    chosen = replace(QUICK, **options)  # type: ignore[arg-type]
    return finetune(str(bert), output, task=task, train=train, dev=train, options=chosen)


def test_a_reranker_is_read_by_the_runtime_and_by_sentence_transformers(
    bert: Path, relevant: Path, tmp_path: Path
) -> None:
    record = trained(bert, tmp_path / "out", relevant, "reranking", class_weights="balanced")
    assert (record.task, record.metric, record.labels) == ("reranking", "average_precision", ())
    assert record.best_dev == pytest.approx(100)
    assert set(record.evaluations[0].scores) == {
        "average_precision", "mrr_at_10", "ndcg_at_10", "loss",
    }  # fmt: skip
    assert evaluate(str(tmp_path / "out"), relevant) == pytest.approx(100)

    checkpoint = open_checkpoint(tmp_path / "out")
    assert (checkpoint.task, checkpoint.labels) == ("text-classification", ("relevance",))
    assert (checkpoint.scoring, checkpoint.multi_label) == ("sigmoid", False)
    examples = read_examples(relevant)
    theirs = CrossEncoder(str(tmp_path / "out"), device="cpu").predict(list(examples.texts))
    export_model(tmp_path / "out", tmp_path / "bundle")
    model = load(tmp_path / "bundle")
    ours = [answer.score for answer in model.classify(list(examples.texts))]
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    hits = model.rerank("where is the fan", ["the fan is late", "the fan is on"])
    assert [hit.index for hit in hits] == [1, 0]

    scores = scores_of(checkpoint.spec, examples, [np.array([score]) for score in ours])
    told = {score.name: score.value for score in scores}
    assert told == pytest.approx(
        dict.fromkeys(("average_precision", "mrr_at_10", "ndcg_at_10"), 100)
    )
    checkpoint.spec.task.require_gold(examples, gives_score=True)


def test_scores_without_labels_train_a_regression(bert: Path, tmp_path: Path) -> None:
    rows = [f"the {device} is {state}\t{value}" for device in DEVICES
            for state, value in (("on", 102), ("off", 98.5), ("late", 99))]  # fmt: skip
    train = write(tmp_path / "train.tsv", ["text\tscore", *rows])
    record = trained(bert, tmp_path / "out", train, "text-classification", epochs=8)
    assert (record.metric, record.labels) == ("spearman", ())
    assert record.best_dev is not None and record.best_dev > 90
    checkpoint = open_checkpoint(tmp_path / "out")
    assert (checkpoint.problem_type, checkpoint.scoring) == ("regression", "identity")
    task = load_task(checkpoint)
    assert task.targets == "text_scores"
    logits = task.model(**task.tokenizer("the fan", "is on", return_tensors="pt")).logits
    theirs = CrossEncoder(str(tmp_path / "out"), device="cpu").predict([("the fan", "is on")])
    assert logits.item() == pytest.approx(float(theirs[0]), abs=1e-4)  # as it is, not squashed


def test_what_scores_a_reranker_is_not_left_to_a_classifier(
    bert: Path, relevant: Path, tmp_path: Path
) -> None:
    trained(bert, tmp_path / "reranker", relevant, "reranking", epochs=1)
    trained(tmp_path / "reranker", tmp_path / "out", relevant, "text-classification", epochs=1)
    config = json.loads((tmp_path / "out/config.json").read_text(encoding="utf-8"))
    assert "sentence_transformers" not in config and len(config["id2label"]) == 2


def test_an_empty_list_is_no_label_and_an_empty_cell_is_refused(tmp_path: Path) -> None:
    rows = [{"text": "a", "label": ["x", "y"]}, {"text": "b", "label": []}]
    lists = write(tmp_path / "a.jsonl", [json.dumps(row) for row in rows])
    assert MultiLabel(("x", "y")).gold(read_examples(lists)).tolist() == [[1, 1], [0, 0]]
    cells = write(tmp_path / "a.tsv", ["text\tlabel", "a\tx|y", "b\t"])
    with pytest.raises(InputError, match=r"a\.tsv, line 3: 'label' is empty$"):
        read_examples(cells)


def test_metrics_that_a_task_has_can_be_chosen_by(
    bert: Path, relevant: Path, tmp_path: Path
) -> None:
    options = {"epochs": 1, "metric": "mcc", "label_smoothing": 0.1, "class_weights": "balanced"}
    record = trained(bert, tmp_path / "out", relevant, "text-classification", **options)
    assert record.metric == "mcc"
    assert (record.options["label_smoothing"], record.options["class_weights"]) == (0.1, "balanced")


PAIRS = "sentence1\tsentence2"
WRONG = {
    "labels that only dev has": (
        "text-classification",
        ["text\tlabel", "a\tx", "b\ty"],
        ["text\tlabel", "a\tx", "b\tz", "c\tw", "d\tz"],
        {},
        (
            "{dev}, line 3: the model has no label 'z' (nor 'w'), which 3 rows have: train on examples "
            "of it, or leave such rows out"
        ),
    ),
    "one label": (
        "text-classification",
        ["text\tlabel", "a\tx", "b\tx"],
        None,
        {},
        "{train}: every row has the label 'x'",
    ),
    "one score": (
        "text-classification",
        ["text\tscore", "a\t3.5", "b\t3.5"],
        None,
        {},
        (
            "{train}: every row has the score 3.5, so nothing is learned or measured by them: give "
            "scores that differ"
        ),
    ),
    "no number": (
        "text-classification",
        ["text\tscore", "a\t1", "b\tnan"],
        None,
        {},
        "{train}, line 3: 'score' should be a number, not 'nan'",
    ),
    "weights of scores": (
        "text-classification",
        [f"{PAIRS}\tscore", "a\tb\t1", "b\ta\t2"],
        None,
        {"class_weights": "balanced"},
        "{train} has scores and no labels, and class_weights is for labels: leave it out",
    ),
    "smooth scores": (
        "text-classification",
        ["text\tscore", "a\t1", "b\t2"],
        None,
        {"label_smoothing": 0.1},
        "{train} has scores and no labels, and label_smoothing is for labels: leave it out",
    ),
    "dev of scores": (
        "text-classification",
        ["text\tlabel", "a\tx", "b\ty"],
        ["text\tscore", "a\t1"],
        {},
        (
            "{dev}, line 1: expected a 'label' column; columns found: text, score. Name yours with "
            "--label-column"
        ),
    ),
    "all relevant": (
        "reranking",
        [f"{PAIRS}\tlabel", "a\tb\t1", "b\ta\t1"],
        None,
        {},
        (
            "{train}: every pair has the relevance 1: add pairs that do not belong together, or such "
            "that do"
        ),
    ),
    "another label": (
        "reranking",
        [f"{PAIRS}\tlabel", "a\tb\t1", "b\ta\tno"],
        None,
        {},
        "{train}, line 3: a pair has the label 1 where they belong together, and else 0, not 'no'",
    ),
    "a large relevance": (
        "reranking",
        [f"{PAIRS}\tscore", "a\tb\t0.5", "b\ta\t4.5"],
        None,
        {},
        (
            "{train}, line 3: a relevance lies between 0 and 1, not 4.5: divide all scores by the "
            "largest that there can be"
        ),
    ),
    "no pairs": (
        "reranking",
        ["text\tlabel", "a\t1", "b\t0"],
        None,
        {},
        (
            "{train}, line 1: expected two texts ('sentence1', 'sentence2') and a 'label' or 'score' "
            "column; columns found: text, label. Name yours with --text-column, --pair-column and "
            "--label-column"
        ),
    ),
    "an unknown entity": (
        "token-classification",
        ["anna B-PER", "", "in O"],
        ["in O", "", "paris B-LOC", "anna B-PER", "", "berlin B-LOC"],
        {},
        (
            "{dev}, line 3: the model has no entity label 'LOC', which 2 rows have: train on examples "
            "of it, or leave such rows out"
        ),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_learned_is_told_in_a_line(case: str, bert: Path, tmp_path: Path) -> None:
    task, train_rows, dev_rows, options, expected = WRONG[case]
    ending = "conll" if task.startswith("token") else "tsv"
    train = write(tmp_path / f"train.{ending}", train_rows)
    dev = write(tmp_path / f"dev.{ending}", dev_rows) if dev_rows else None
    with pytest.raises(InputError) as caught:
        finetune(
            str(bert),
            tmp_path / "out",
            task=task,
            train=train,
            dev=dev,
            options=FinetuneOptions(**options),  # type: ignore[arg-type]
        )
    assert str(caught.value) == expected.format(train=train, dev=dev)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", [1.0, -0.1, float("nan")])
def test_a_share_of_all_of_a_label_is_refused(share: float) -> None:
    with pytest.raises(
        InputError, match=r"^label_smoothing should be at least 0 and below 1, not "
    ):
        FinetuneOptions(label_smoothing=share)
    arguments = ["finetune", "m", "--task", "reranking", "--train", __file__, "-o", "o"]
    answer = CliRunner().invoke(main, [*arguments, "--label-smoothing", str(share)])
    assert answer.exit_code == 2 and "--label-smoothing" in answer.stderr


def test_weights_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match=r"^unknown class_weights 'rare': expected one of none, b"):
        FinetuneOptions(class_weights="rare")


def test_relevance_is_what_labels_say_or_scores_where_they_say_something_else(
    tmp_path: Path,
) -> None:
    def relevance(*rows: str) -> tuple[float, ...] | None:
        return read_examples(write(tmp_path / "a.tsv", list(rows))).relevance

    assert relevance(f"{PAIRS}\tlabel\tscore", "a\tb\t1\t3", "b\ta\t0\t5") == (1, 0)
    assert relevance(f"{PAIRS}\tlabel\tscore", "a\tb\tyes\t0.5", "b\ta\tno\t0") == (0.5, 0)
    assert relevance(f"{PAIRS}\tlabel", "a\tb\tyes", "b\ta\tno") is None
    assert relevance("text\tlabel", "a\t1", "b\t0") is None


def test_scores_of_single_texts_are_read_where_they_are_asked_for(tmp_path: Path) -> None:
    examples = read_examples(write(tmp_path / "a.tsv", ["text\tscore", "a\t1.5", "b\t-2"]))
    assert (examples.scores, examples.text_scores) == (None, (1.5, -2.0))
    assert examples.take([1]).text_scores == (-2.0,)
    assert Examples(tmp_path, ("a",)).text_scores is None
