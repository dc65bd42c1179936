"""What heads learn of labels, scores and entities, held to the libraries that define it."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from scipy import stats
from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder.evaluation import CrossEncoderRerankingEvaluator
from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss, MSELoss
from seqeval import metrics as seqeval
from sklearn import metrics as sklearn
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from tiny import VOCABULARY
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
)

from edgebert.checkpoint import open_checkpoint
from edgebert.data import Examples, Span, read_examples
from edgebert.measures.statistics import average_precision
from edgebert.training.loop.objective import Step
from edgebert.training.tasks.labels.classification import MultiLabel, SingleLabel
from edgebert.training.tasks.labels.heads import (
    OneLabel,
    OneScore,
    Probability,
    YesOrNo,
    balanced_answers,
    balanced_labels,
)
from edgebert.training.tasks.labels.scoring import Relevance, Score
from edgebert.training.tasks.labels.tagging import IGNORED, TaggedTexts, encode_tagged
from edgebert.training.tasks.labels.texts import AnsweredTexts, encode_answered
from edgebert.training.tasks.trainable import load_task

HERE = Path("train.tsv")
LABELS = ("a", "b", "c", "d")
DEVICES = ("lamp", "light", "fan", "kitchen", "bedroom", "paris")


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def draws() -> torch.Generator:
    return torch.Generator().manual_seed(11)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Whether a text names what its query asks for; three texts to a query."""
    rows = [
        f"turn on the {one}\tthe {other} is late\t{int(one == other)}"
        for one in DEVICES
        for other in (one, *[x for x in DEVICES if x != one][:2])
    ]
    return write(tmp_path / "pairs.tsv", ["text\ttext_pair\tlabel", *rows])


def sum_of_losses(data: AnsweredTexts, checkpoint: Path, micro_batch: int) -> float:
    model = load_task(open_checkpoint(checkpoint)).model.eval()
    count = len(data.lengths)
    with torch.no_grad():
        return float(sum(data.losses(model, Step(range(count), count, micro_batch))))


# Losses.


def test_one_label_is_learned_as_torch_has_it(draws: torch.Generator) -> None:
    logits = torch.randn(50, 4, generator=draws)
    targets = torch.multinomial(torch.tensor([8.0, 3, 1, 1]), 50, True, generator=draws)
    weights = balanced_labels(targets, 4)
    expected = compute_class_weight("balanced", classes=np.arange(4), y=targets.numpy())
    assert weights == pytest.approx(expected)
    assert torch.tensor(weights)[targets].mean() == pytest.approx(1)
    found = OneLabel(0.1, weights).loss(logits, targets)
    reference = cross_entropy(
        logits, targets, weight=torch.tensor(weights), label_smoothing=0.1, reduction="sum"
    )
    torch.testing.assert_close(found, reference)
    torch.testing.assert_close(
        OneLabel().loss(logits, targets) / 50, cross_entropy(logits, targets)
    )


def test_a_label_that_no_example_has_weighs_nothing_on_the_mean() -> None:
    weights = balanced_labels(torch.tensor([0, 0, 0, 2]), 3)
    assert weights[0] == pytest.approx(2 / 3)
    assert weights[2] == pytest.approx(2)


def test_several_labels_are_learned_as_torch_has_it(draws: torch.Generator) -> None:
    logits = torch.randn(60, 3, generator=draws)
    targets = (torch.rand(60, 3, generator=draws) < torch.tensor([0.5, 0.2, 0.1])).float()
    plain = YesOrNo().loss(logits, targets) / 60
    torch.testing.assert_close(plain, binary_cross_entropy_with_logits(logits, targets))
    weights = balanced_answers(targets)
    sample = np.stack(
        [compute_sample_weight("balanced", of_label) for of_label in targets.T], axis=1
    )
    assert sample.mean() == pytest.approx(1)
    hard = YesOrNo(0.0, weights).loss(logits, targets) / 60
    weighed = binary_cross_entropy_with_logits(logits, targets, weight=torch.tensor(sample))
    assert float(hard) == pytest.approx(float(weighed), rel=1e-5)
    smooth = YesOrNo(0.2).loss(logits, targets) / 60
    expected = binary_cross_entropy_with_logits(logits, 0.8 * targets + 0.1)
    torch.testing.assert_close(smooth, expected)


def test_a_reranker_learns_as_a_cross_encoder_does(tiny_reranker: Path, pairs: Path) -> None:
    examples = read_examples(pairs)
    task = load_task(open_checkpoint(tiny_reranker))
    data = encode_answered(examples, tokenizer=task.tokenizer, kind=Relevance())
    model = CrossEncoder(str(tiny_reranker), num_labels=1, device="cpu")
    model.eval()
    queries, texts = map(list, zip(*examples.texts, strict=True))
    labels = data.targets[:, 0].float()
    with torch.no_grad():
        expected = float(BinaryCrossEntropyLoss(model)([queries, texts], labels))
        squared = float(MSELoss(model)([queries, texts], labels))
    for micro_batch in (64, 5):
        found = sum_of_losses(data, tiny_reranker, micro_batch)
        assert found == pytest.approx(expected, rel=1e-5)
    scored = AnsweredTexts(data.texts, data.encoded, data.targets, Score())
    assert sum_of_losses(scored, tiny_reranker, 7) == pytest.approx(squared, rel=1e-5)


def test_losses_are_computed_in_float32() -> None:
    half = torch.tensor([[8.0, 8.03]], dtype=torch.bfloat16)
    for loss in (
        OneLabel().loss(half, torch.tensor([0])),
        YesOrNo().loss(half, torch.ones(1, 2)),
        OneScore().loss(half[:, :1], torch.ones(1, 1)),
        Probability().imitation(half[:, :1], half[:, 1:], 2.0),
        OneLabel().imitation(half, half, 2.0),
    ):
        assert loss.dtype == torch.float32
    weighed, plain = OneLabel(0.0, (0.3, 1.7)), OneLabel()
    target, ones = torch.tensor([1]), torch.ones(1, 2)
    assert weighed.loss(half, target).item() == pytest.approx(1.7 * plain.loss(half, target).item())
    several = YesOrNo(0.0, ((0.3, 1.7),) * 2).loss(half, ones)
    assert several.item() == pytest.approx(1.7 * YesOrNo().loss(half, ones).item())


# Metrics.


def test_metrics_of_one_label_are_those_of_scikit_learn(draws: torch.Generator) -> None:
    logits = torch.randn(80, 4, generator=draws)
    targets = torch.randint(0, 4, (80,), generator=draws)
    found = {n: m(logits) for n, m in SingleLabel(LABELS).metrics(["x"] * 80, targets).items()}
    gold, given = targets.numpy(), logits.argmax(1).numpy()
    assert list(found) == ["accuracy", "macro_f1", "mcc"]
    assert found == pytest.approx(
        {
            "accuracy": 100 * sklearn.accuracy_score(gold, given),
            "macro_f1": 100 * sklearn.f1_score(gold, given, average="macro"),
            "mcc": 100 * sklearn.matthews_corrcoef(gold, given),
        }
    )


def test_metrics_of_several_labels_are_those_of_scikit_learn(draws: torch.Generator) -> None:
    logits = torch.randn(80, 4, generator=draws)
    targets = (logits + torch.randn(80, 4, generator=draws) > 0.5).float()
    found = {n: m(logits) for n, m in MultiLabel(LABELS).metrics(["x"] * 80, targets).items()}
    gold, given = targets.numpy(), (logits > 0).numpy()
    assert found == pytest.approx(
        {
            "accuracy": 100 * sklearn.accuracy_score(gold, given),
            "micro_f1": 100 * sklearn.f1_score(gold, given, average="micro"),
            "macro_f1": 100 * sklearn.f1_score(gold, given, average="macro"),
        }
    )


def test_metrics_of_scores_are_those_of_scipy(draws: torch.Generator) -> None:
    logits = torch.randn(40, 1, generator=draws)
    targets = (logits + torch.randn(40, 1, generator=draws)).round()
    found = {n: m(logits) for n, m in Score().metrics(["x"] * 40, targets).items()}
    sides = (logits[:, 0].numpy(), targets[:, 0].numpy())
    assert list(found) == ["spearman", "pearson"]
    assert found["spearman"] == pytest.approx(100 * stats.spearmanr(*sides).statistic)
    assert found["pearson"] == pytest.approx(100 * stats.pearsonr(*sides).statistic)


@pytest.mark.parametrize("levels", [3, 1000])
def test_average_precision_is_that_of_scikit_learn(levels: int) -> None:
    random_ = np.random.default_rng(levels)
    relevant, scores = random_.integers(0, 2, 90), random_.integers(0, levels, 90)
    expected = sklearn.average_precision_score(relevant, scores)
    assert average_precision(relevant, scores) == pytest.approx(expected)
    assert math.isnan(average_precision([0, 0], [1.0, 2.0]))


def test_rankings_are_judged_as_a_cross_encoder_is(draws: torch.Generator) -> None:
    texts = [(f"query {i // 12}", f"text {i}") for i in range(60)] + [("alone", "text")]
    targets = torch.zeros(61, 1, dtype=torch.float64)
    targets[[2, 14, 17, 30, 47, 60], 0] = 1  # none for the last query of several texts
    logits = torch.randn(61, 1, generator=draws)
    found = {n: m(logits) for n, m in Relevance().metrics(texts, targets).items()}
    judge = CrossEncoderRerankingEvaluator([], at_k=10)
    each = [
        judge.compute_metrics(targets[rows, 0].int().tolist(), logits[rows, 0].numpy())
        for rows in (slice(12 * i, 12 * i + 12) for i in range(4))
    ]
    assert list(found) == ["average_precision", "mrr_at_10", "ndcg_at_10"]
    assert found["mrr_at_10"] == pytest.approx(100 * np.mean([mrr for mrr, _, _ in each]))
    assert found["ndcg_at_10"] == pytest.approx(100 * np.mean([ndcg for _, ndcg, _ in each]))


def test_equal_scores_gain_nothing_by_the_order_of_a_file() -> None:
    texts = [("q", str(i)) for i in range(4)]
    targets = torch.tensor([[1.0], [0], [0], [0]])
    metrics = Relevance().metrics(texts, targets)
    assert metrics["mrr_at_10"](torch.zeros(4, 1)) == 25
    assert metrics["average_precision"](torch.zeros(4, 1)) == 25


def test_graded_relevance_is_judged_by_correlation_and_single_candidates_are_not_ranked() -> None:
    graded = torch.tensor([[0.2], [1.0]])
    assert list(Relevance().metrics([("q", "a"), ("q", "b")], graded)) == ["spearman", "pearson"]
    once = torch.tensor([[0.0], [1.0]])
    assert list(Relevance().metrics([("q", "a"), ("r", "b")], once)) == ["average_precision"]


# Entities.


def tagged(draw: random.Random, words: int) -> tuple[str, tuple[Span, ...], list[str]]:
    """A text of so many words with entities in it, and the tag of each word."""
    known = [w for w in VOCABULARY if w.isascii() and w.isalpha() and len(w) > 1]
    chosen: list[str] = []
    spans: list[Span] = []
    tags: list[str] = []
    starts: list[int] = []
    place = 0
    for _ in range(words):
        chosen.append(draw.choice([*known, "naives", "turneds", "latering"]))
        starts.append(place)
        place += len(chosen[-1]) + 1
    while len(tags) < words:
        length = min(draw.choice([1, 1, 2, 4]), words - len(tags))
        kind = draw.choice([None, None, "PER", "LOC"])
        if kind is None:
            tags += ["O"] * length
            continue
        last = len(tags) + length - 1
        spans.append(Span(starts[len(tags)], starts[last] + len(chosen[last]), kind))
        tags += [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
    return " ".join(chosen), tuple(spans), tags


class Answers(torch.nn.Module):
    """Answers the tokens of each text as it was told to."""

    def __init__(self, logits: list[Tensor], ids: list[list[int]]) -> None:
        super().__init__()
        self.logits = {tuple(of): row for of, row in zip(ids, logits, strict=True)}

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **kwargs: Tensor) -> object:
        rows = []
        for ids, mask in zip(input_ids.tolist(), attention_mask, strict=True):
            told = self.logits[tuple(ids[: int(mask.sum())])]
            rows.append(torch.nn.functional.pad(told, (0, 0, 0, len(ids) - len(told))))
        return transformers.modeling_outputs.TokenClassifierOutput(logits=torch.stack(rows))


def right_logits(data: TaggedTexts, draws: torch.Generator) -> list[Tensor]:
    """The right label at every token that is asked, and noise at all others."""
    logits = []
    for row in data.targets:
        found = torch.randn(len(row), len(data.labels), generator=draws)
        for place, target in enumerate(row):
            if target != IGNORED:
                found[place, target] = 20
        logits.append(found)
    return logits


@pytest.mark.parametrize(("max_length", "side"), [(16, "right"), (23, "left"), (64, "right")])
def test_every_entity_of_a_long_text_can_be_found(
    max_length: int, side: str, tiny_tagger: Path, draws: torch.Generator
) -> None:
    draw = random.Random(max_length)
    texts, entities, tags = zip(*(tagged(draw, n) for n in (1, 7, 40, 90, 200)), strict=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(
        tiny_tagger, model_max_length=max_length, truncation_side=side
    )
    examples = Examples(HERE, texts, entities=entities)
    labels = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    data = encode_tagged(examples, tokenizer=tokenizer, labels=labels)
    assert len(data.lengths) > len(texts) and max(data.lengths) <= max_length
    assert len(data.words) == sum(map(len, tags))  # each word once
    ids = data.encoded.columns["input_ids"]
    found = data.scores(Answers(right_logits(data, draws), ids))
    loss = found.pop("loss")
    assert found == {"entity_f1": 100, "entity_precision": 100, "entity_recall": 100}
    assert loss < 0.01


def test_entities_are_counted_as_seqeval_counts_them(
    tiny_tagger: Path, draws: torch.Generator
) -> None:
    draw = random.Random(2)
    texts, entities, tags = zip(*(tagged(draw, 12) for _ in range(40)), strict=True)
    task = load_task(open_checkpoint(tiny_tagger))
    data = task.encode(Examples(HERE, texts, entities=entities))
    assert isinstance(data, TaggedTexts)
    logits = right_logits(data, draws)
    for row, of_row in zip(logits, data.targets, strict=True):
        for place, target in enumerate(of_row):
            if target != IGNORED and draw.random() < 0.3:
                row[place, draw.randrange(5)] += 40
    given = [
        [data.labels[int(row[p].argmax())] for p, t in enumerate(of_row) if t != IGNORED]
        for row, of_row in zip(logits, data.targets, strict=True)
    ]
    ids = data.encoded.columns["input_ids"]
    found = data.scores(Answers(logits, ids))
    assert list(found) == ["entity_f1", "entity_precision", "entity_recall", "loss"]
    gold = list(map(list, tags))
    assert found["entity_f1"] == pytest.approx(100 * seqeval.f1_score(gold, given))
    assert found["entity_precision"] == pytest.approx(100 * seqeval.precision_score(gold, given))
    assert found["entity_recall"] == pytest.approx(100 * seqeval.recall_score(gold, given))
    assert 20 < found["entity_f1"] < 80
