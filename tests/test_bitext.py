"""Texts of two sides find each other, both ways: what is counted, learned, checked and told."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import TranslationEvaluator
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tiny import make_untrained

from edgebert.cli import main
from edgebert.data import Examples
from edgebert.drift import check
from edgebert.errors import GateError, InputError
from edgebert.measures import Thresholds, matching
from edgebert.measures.matching import MATCHED, Matches, PairedTexts, match_rows
from edgebert.records.manifest import SIMILARITIES
from edgebert.training import evaluate

WORDS = "lamp fan kitchen anna paris late good bad light bedroom cafe naive".split()
NUMBERS = "1 2 3 4 5 6 7 8 one two three very".split()
TRANSLATED = [f"the {a}\tis it {b} ?" for a, b in zip(WORDS, NUMBERS, strict=True)]


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write(tmp_path / "pairs.tsv", "source\ttarget", *TRANSLATED)


# what is counted


@pytest.mark.parametrize("similarity", SIMILARITIES)
@pytest.mark.parametrize("held", [1, 1 << 22])
def test_every_pair_is_looked_up_both_ways_in_blocks_of_any_size(
    held: int, similarity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_HELD", held)
    random = np.random.default_rng(5)
    meanings = random.normal(size=(31, 6))
    texts = [(f"a{one}", f"b{one + random.integers(2)}") for one in random.integers(30, size=60)]
    paired = PairedTexts.of(texts)
    first, second = (
        np.stack([meanings[int(text[1:])] + random.normal(size=6) for text in side]).astype("f")
        for side in (paired.first, paired.second)
    )
    rows = match_rows(first, second, paired.matches, similarity)
    belong = set(texts)

    def likest(vectors: np.ndarray, others: np.ndarray, one: int) -> int:
        a, b = vectors[one].astype(float), others.astype(float)
        if similarity in ("cosine", "dot"):
            lengths = np.linalg.norm(b, axis=1) if similarity == "cosine" else 1
            return int((b @ a / lengths).argmax())
        return int(
            np.linalg.norm(b - a, axis=1, ord=2 if similarity == "euclidean" else 1).argmin()
        )

    forward = [
        (a, paired.second[likest(first, second, paired.first.index(a))]) in belong for a, _ in texts
    ]
    back = [
        (paired.first[likest(second, first, paired.second.index(b))], b) in belong for _, b in texts
    ]
    assert 0 < sum(forward) < len(texts)
    assert rows["accuracy_at_1_forward"].ravel().tolist() == forward
    assert rows["accuracy_at_1_back"].ravel().tolist() == back
    assert rows["accuracy_at_1"].mean() == pytest.approx((sum(forward) + sum(back)) / 120)
    assert rows["decided_at_1"].all()
    assert tuple(rows) == MATCHED


def test_a_tie_with_a_wrong_text_is_wrong_and_told_and_one_with_another_translation_is_not() -> (
    None
):
    same = np.ones((2, 3), np.float32)
    tied = match_rows(same, same, Matches([(0, 0), (1, 1)]))
    assert {name: rows.mean() for name, rows in tied.items()} == dict.fromkeys(MATCHED, 0.0)
    right = match_rows(same[:1], same, Matches([(0, 0), (0, 1)]))
    assert {name: rows.mean() for name, rows in right.items()} == dict.fromkeys(MATCHED, 1.0)
    half = match_rows(np.eye(3, dtype=np.float32)[:2], same[:, :3], Matches([(0, 0), (1, 1)]))
    assert half["decided_at_1"].tolist() == [[0, 0], [0, 0]]


def test_rounding_does_not_decide_a_tie() -> None:
    first = np.eye(2, 4, dtype=np.float32)
    second = np.asarray([[1, 0, 0, 0], [1, 1e-4, 0, 0]], np.float32)  # cosines 1 and 1 - 5e-9
    rows = match_rows(first, second, Matches([(0, 0), (1, 1)]))
    assert rows["accuracy_at_1_forward"].ravel().tolist() == [0, 1]
    assert rows["decided_at_1"][:, 0].tolist() == [0, 1]


def test_a_text_of_both_sides_does_not_find_itself() -> None:
    paired = PairedTexts.of([("ok", "gut"), ("gut", "ok"), ("taxi", "taxi")])
    assert paired.matches.identical == {0: 1, 1: 0}
    vectors = np.asarray([[1, 0.2, 0], [0.2, 1, 0], [0, 0, 1]], np.float32)
    rows = match_rows(vectors, vectors[[1, 0, 2]], paired.matches)
    assert rows["accuracy_at_1"].all()  # each has itself beside it, and passes it over


def test_memory_does_not_grow_with_the_square_of_a_file() -> None:
    vectors = np.random.default_rng(3).normal(size=(8000, 4)).astype(np.float32)
    matches = Matches([(one, one) for one in range(8000)])
    tracemalloc.start()
    rows = match_rows(vectors, vectors, matches)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6  # all similarities at once take 256 MB
    assert rows["accuracy_at_1"].mean() > 0.99


def test_one_pair_is_right() -> None:
    one = np.ones((1, 2), np.float32)
    assert match_rows(one, one, Matches([(0, 0)]))["accuracy_at_1"].all()


# what is learned


def test_translations_are_learned_chosen_and_told_by_accuracy_both_ways(tmp_path: Path) -> None:
    bert = make_untrained(tmp_path / "bert")
    train = write(tmp_path / "train.tsv", "en\tde", *TRANSLATED)
    asked = [
        "finetune", bert, "--task", "sentence-similarity", "--train", train, "--dev", train,
        "--text-column", "en", "--pair-column", "de", "-o", tmp_path / "out",
        "--epochs", 25, "--batch-size", 12, "--learning-rate", 2e-3,
    ]  # fmt: skip
    run = CliRunner().invoke(main, [*map(str, asked)])
    assert run.exit_code == 0, run.stderr
    record = json.loads((tmp_path / "out/training.json").read_text())
    assert record["metric"] == "accuracy_at_1" and record["best_dev"] > 90
    first, kept = record["evaluations"][0]["scores"], record["evaluations"][-1]["scores"]
    assert [*kept] == [*MATCHED, "loss"]
    assert kept["accuracy_at_1"] > first["accuracy_at_1"]
    both = kept["accuracy_at_1_forward"] + kept["accuracy_at_1_back"]
    assert kept["accuracy_at_1"] == pytest.approx(both / 2)
    page = CliRunner().invoke(
        main, ["report", str(tmp_path / "out"), "-o", str(tmp_path / "report.html")]
    )
    assert page.exit_code == 0, page.stderr
    assert "Accuracy at 1 back" in (tmp_path / "report.html").read_text()


def test_what_dev_says_is_what_sentence_transformers_and_a_check_say(
    tiny_embedder: Path, pairs: Path
) -> None:
    sources, targets = zip(*(row.split("\t") for row in TRANSLATED), strict=True)
    evaluator = TranslationEvaluator(list(sources), list(targets), show_progress_bar=False)
    modules = [Transformer(str(tiny_embedder)), Pooling(64, "mean")]
    peer = evaluator(SentenceTransformer(modules=modules, device="cpu"))
    expected = {
        "accuracy_at_1": 100 * peer["mean_accuracy"],
        "accuracy_at_1_forward": 100 * peer["src2trg_accuracy"],
        "accuracy_at_1_back": 100 * peer["trg2src_accuracy"],
        "decided_at_1": 100,
    }
    record = check(tiny_embedder, tiny_embedder, pairs)
    assert {one.name: one.reference for one in record.metrics} == pytest.approx(expected)
    assert 0 < expected["accuracy_at_1"] < 100
    assert evaluate(str(tiny_embedder), pairs) == pytest.approx(expected["accuracy_at_1"])


# what is checked


def test_a_check_tells_both_sides_and_holds_the_drop(
    tiny_embedder: Path, tiny_int8: Path, pairs: Path, tmp_path: Path
) -> None:
    record = check(
        tiny_embedder,
        tiny_int8,
        pairs,
        thresholds=Thresholds(max_metric_drop=100),
        slice_by=["length"],
    )
    headline = record.metric
    assert headline is not None and headline.name == "accuracy_at_1"
    assert headline.drop == pytest.approx(headline.reference - headline.candidate)
    assert headline.ci95 is not None
    (part,) = record.slices
    assert part.metric is not None
    assert part.metric.reference == pytest.approx(headline.reference)
    with pytest.raises(GateError, match=r"metric drop .* is above -200"):
        check(tiny_embedder, tiny_int8, pairs, thresholds=Thresholds(max_metric_drop=-200))
    told = CliRunner().invoke(
        main, ["check", str(tiny_embedder), str(tiny_int8), "--data", str(pairs)]
    )
    for name in MATCHED:
        assert f"\n{name} " in told.stdout


def test_pairs_of_which_a_label_says_something_are_not_taken_for_translations(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    labelled = write(
        tmp_path / "nli.tsv", "premise\thypothesis\tlabel", "on\toff\t0", "fan\tfan\t1"
    )
    assert check(tiny_bundle, tiny_bundle, labelled).metrics == ()
    with pytest.raises(InputError, match=r"nli\.tsv, line 1: expected two texts .* 'score' column"):
        check(tiny_bundle, tiny_bundle, labelled, thresholds=Thresholds(max_metric_drop=1))
    assert not Examples(Path("p"), ("on", ("on", "off"))).belong_together
