"""Losses of sentence models: those of sentence-transformers, however a step is cut."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    CoSENTLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from torch import Tensor

from edgebert.checkpoint import open_checkpoint
from edgebert.data import Examples
from edgebert.training.loop.objective import Objective, Step
from edgebert.training.loop.precision import Precision
from edgebert.training.loop.processes import Processes
from edgebert.training.tasks.sentences import whole_step
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.embedding_head import sentence_embedding
from edgebert.training.tasks.sentences.ranking import in_batch_loss
from edgebert.training.tasks.sentences.similarity import cosent_loss
from edgebert.training.tasks.task import Task

ANCHORS = ["turn the lamp on", "is ben late ?", "北京", "tell anna", "off", "a very good cafe"]
POSITIVES = ["light on", "ben was late", "berlin and paris", "please tell anna .", "turn it off",
             "the cafe is good and not bad"]  # fmt: skip
NEGATIVES = [("lamp off", "fan"), ("anna", "it is late"), ("1", "2 3"), ("ben", "tell"),
             ("on", "turn it on"), ("bad cafe", "naive")]  # fmt: skip
SCORES = (5.0, 3.0, 3.0, 0.5, 1.25, 5.0)
DIMS = (64, 32, 8)
Gradients = dict[str, Tensor]


@pytest.fixture(scope="module")
def peer(tiny_embedder: Path) -> SentenceTransformer:
    modules = [Transformer(str(tiny_embedder)), Pooling(64, "mean"), Normalize()]
    return SentenceTransformer(modules=modules, device="cpu").eval()


def task_of(folder: Path, matryoshka: tuple[int, ...] = ()) -> Task:
    """The tiny embedder without dropout."""
    checkpoint = open_checkpoint(folder)
    task = sentence_embedding(checkpoint, Embedder.of(checkpoint).by_cosine(), matryoshka)
    task.model.eval()
    return task


def pairs_of(*, scored: bool = False, negatives: bool = False) -> Examples:
    return Examples(
        Path("pairs.tsv"),
        tuple(zip(ANCHORS, POSITIVES, strict=True)),
        scores=SCORES if scored else None,
        negatives=tuple(NEGATIVES) if negatives else None,
    )


def learned(model: Any, losses: Iterator[Tensor]) -> tuple[float, Gradients]:
    """The loss of a step and its gradient."""
    model.zero_grad()
    total = 0.0
    for loss in losses:
        total += loss.item()
        loss.backward()  # type: ignore[no-untyped-call]
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return total, gradients


def ours(task: Task, data: Objective, micro_batch: int = 6) -> tuple[float, Gradients]:
    rows = range(len(data.lengths))
    step = Step(rows, len(rows), micro_batch)
    return learned(task.model, data.losses(task.model, step))


def theirs(peer: SentenceTransformer, loss: Any, columns: list[Any]) -> tuple[float, Gradients]:
    features = [peer.preprocess(list(texts)) for texts in columns]
    labels = torch.tensor(SCORES)
    return learned(peer[0].model, iter([loss(features, labels)]))


def assert_same(found: tuple[float, Gradients], expected: tuple[float, Gradients]) -> None:
    assert found[0] == pytest.approx(expected[0], rel=1e-5, abs=1e-6)
    assert found[1].keys() == expected[1].keys()
    largest = max(float(gradient.abs().max()) for gradient in expected[1].values())
    for name, gradient in expected[1].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=1e-5, atol=1e-5 * largest)


@pytest.mark.parametrize("dims", [(), DIMS])
@pytest.mark.parametrize("negatives", [False, True])
def test_in_batch_negatives_are_those_of_sentence_transformers(
    tiny_embedder: Path, peer: SentenceTransformer, negatives: bool, dims: tuple[int, ...]
) -> None:
    task = task_of(tiny_embedder, dims)
    found = ours(task, task.encode(pairs_of(negatives=negatives)))
    columns = [ANCHORS, POSITIVES, *(zip(*NEGATIVES, strict=True) if negatives else ())]
    loss: Any = MultipleNegativesRankingLoss(peer)
    if dims:
        loss = MatryoshkaLoss(peer, loss, list(dims))
    assert_same(found, theirs(peer, loss, columns))


@pytest.mark.parametrize("dims", [(), DIMS])
def test_cached_in_batch_negatives_are_those_of_sentence_transformers(
    tiny_embedder: Path, peer: SentenceTransformer, dims: tuple[int, ...]
) -> None:
    task = task_of(tiny_embedder, dims)
    found = ours(task, task.encode(pairs_of(negatives=True)), micro_batch=2)
    loss: Any = CachedMultipleNegativesRankingLoss(peer, mini_batch_size=2)
    if dims:
        loss = MatryoshkaLoss(peer, loss, list(dims))
    columns = [ANCHORS, POSITIVES, *zip(*NEGATIVES, strict=True)]
    assert_same(found, theirs(peer, loss, columns))


@pytest.mark.parametrize("dims", [(), DIMS])
def test_cosent_is_that_of_sentence_transformers(
    tiny_embedder: Path, peer: SentenceTransformer, dims: tuple[int, ...]
) -> None:
    task = task_of(tiny_embedder, dims)
    loss: Any = CoSENTLoss(peer)
    if dims:
        loss = MatryoshkaLoss(peer, loss, list(dims))
    expected = theirs(peer, loss, [ANCHORS, POSITIVES])
    data = task.encode(pairs_of(scored=True))
    assert_same(ours(task, data), expected)
    assert_same(ours(task, data, micro_batch=4), expected)


@pytest.mark.parametrize(
    "scale", [lambda score: score / 5, lambda score: 1 + 0.8 * score, lambda score: score / 2.5 - 1]
)
def test_cosent_does_not_see_the_scale_of_scores(scale: Callable[[float], float]) -> None:
    torch.manual_seed(0)
    first, second = torch.randn(6, 8), torch.randn(6, 8)
    expected = cosent_loss(first, second, torch.tensor(SCORES))
    found = cosent_loss(first, second, torch.tensor([scale(score) for score in SCORES]))
    assert float(found) == float(expected)


def test_cosent_is_its_definition() -> None:
    torch.manual_seed(0)
    first, second = torch.randn(6, 8), torch.randn(6, 8)
    cosines = torch.cosine_similarity(first, second).double()
    terms = [
        (20 * (cosines[i] - cosines[j])).exp()
        for i in range(6)
        for j in range(6)
        if SCORES[i] < SCORES[j]
    ]
    expected = torch.stack([torch.ones(()).double(), *terms]).sum().log()
    found = cosent_loss(first, second, torch.tensor(SCORES))
    assert float(found) == pytest.approx(float(expected), rel=1e-6)
    assert float(cosent_loss(first, second, torch.full((6,), 2.0))) == 0.0


@pytest.mark.parametrize("numbers", ["fp32", "bf16"])
def test_a_step_in_turns_has_the_same_gradient_with_dropout_too(
    tiny_embedder: Path, numbers: str
) -> None:
    """Against turns whose activations are all kept: what is computed again meets the same masks."""
    task = task_of(tiny_embedder)
    task.model.train()
    data = task.encode(pairs_of(negatives=True))
    step, precision = Step(range(6), 6, 4), Precision(numbers, "cpu")

    def gradient(recompute: bool) -> tuple[float, Gradients]:
        torch.manual_seed(5)
        with pytest.MonkeyPatch.context() as patch:
            if not recompute:
                patch.setattr(whole_step, "checkpoint", _kept)
            with precision.autocast():
                losses = list(data.losses(task.model, step))
            return learned(task.model, iter(losses))

    (loss, found), (expected_loss, expected) = gradient(True), gradient(False)
    assert loss == expected_loss
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    other = learned(task.model, data.losses(task.model, step))[1]  # other masks
    assert not torch.allclose(other["embeddings.word_embeddings.weight"],
                              expected["embeddings.word_embeddings.weight"], rtol=1e-2)  # fmt: skip


def _kept(function: Callable[..., Tensor], *inputs: Any, use_reentrant: bool) -> Tensor:
    return function(*inputs)


def test_the_loss_is_computed_in_float32_where_the_model_runs_in_bfloat16(
    tiny_embedder: Path,
) -> None:
    task = task_of(tiny_embedder)
    data = task.encode(pairs_of())
    with Precision("bf16", "cpu").autocast():
        (loss,) = data.losses(task.model, Step(range(6), 6, 6))
    assert loss.dtype == torch.float32
    queries, documents = torch.randn(6, 64), torch.randn(6, 64)
    hidden = torch.zeros(6, 6, dtype=torch.bool)
    prefixes = task.encode(pairs_of()).prefixes  # type: ignore[attr-defined]
    with Precision("bf16", "cpu").autocast():
        found = prefixes.loss(lambda q, d: in_batch_loss(q, d, hidden), queries, documents)
    assert float(found) == float(in_batch_loss(queries, documents, hidden))


class _TwoProcesses(Processes):
    """One of two processes, and what the other has to say: in turn first noted, then told."""

    said: dict[int, list[Tensor]]

    @classmethod
    def pair(cls) -> tuple[_TwoProcesses, _TwoProcesses]:
        said: dict[int, list[Tensor]] = {0: [], 1: []}
        both = cls(0, 2), cls(1, 2)
        for one in both:
            object.__setattr__(one, "said", said)
        return both

    def joined(self, rows: Tensor) -> Tensor:
        own, other = self.said[self.index], self.said[1 - self.index]
        own.append(rows.detach())
        place = len(own) - 1
        there = other[place] if place < len(other) else rows.detach()
        return torch.cat([rows, there] if self.first else [there, rows])


@pytest.mark.parametrize("scored", [False, True])
@pytest.mark.parametrize("count", [6, 1])
def test_two_processes_have_the_loss_and_the_gradient_of_one(
    tiny_embedder: Path, scored: bool, count: int
) -> None:
    task = task_of(tiny_embedder)
    data = task.encode(pairs_of(scored=scored, negatives=not scored))
    one = learned(task.model, data.losses(task.model, Step(range(count), count, 2)))
    first, second = _TwoProcesses.pair()
    rows = list(range(count))
    for process in (second, first):  # each says what it has, before either is told
        with torch.no_grad():
            list(data.losses(task.model, Step(process.share(rows), count, 2, process)))
    told = copy.deepcopy(first.said)
    parts = []
    for process in (first, second):
        process.said[process.index], process.said[1 - process.index] = (
            [],
            told[1 - process.index],
        )
        step = Step(process.share(rows), count, 2, process)
        parts.append(learned(task.model, data.losses(task.model, step)))
    summed = {
        name: sum((part[name] for _, part in parts if name in part), torch.zeros_like(gradient))
        for name, gradient in one[1].items()
    }
    assert_same((sum(loss for loss, _ in parts), summed), one)
