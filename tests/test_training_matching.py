"""What of a student is to be as in its teacher, one thing after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel

from edgebert.checkpoint import open_checkpoint
from edgebert.data import read_examples
from edgebert.errors import InputError
from edgebert.training import DistillOptions, distill
from edgebert.training.distillation.insides import EachLayer, Likeness, run_seen
from edgebert.training.distillation.projection import Projection
from edgebert.training.distillation.relations import Relations
from edgebert.training.distillation.similarities import Similarities, similarity_loss
from edgebert.training.distillation.student import Cut, cut
from edgebert.training.loop.objective import Step
from edgebert.training.loop.processes import Processes
from edgebert.training.tasks.encoding import encode
from edgebert.training.tasks.sentences.asked_vectors import AskedVectors
from edgebert.training.tasks.task import Task
from edgebert.training.tasks.trainable import load_task

TEXTS = ["turn on the lamp", "is the fan off in the kitchen ?", "naives", "anna in paris", "the"]


def opened(checkpoint: Path) -> Task:
    task = load_task(open_checkpoint(checkpoint))
    task.model.eval()
    return task


def loss_of(likeness: Likeness, student: PreTrainedModel, teacher: Task, texts: list[str]) -> float:
    batch = encode(teacher.tokenizer, texts).batch(range(len(texts)))
    with torch.no_grad():
        _, learnt = run_seen(student.eval(), batch, [likeness.student])
        _, taught = run_seen(teacher.model, batch, [likeness.teacher])
    return float(likeness.loss(learnt, taught, batch["attention_mask"].bool()))


def related(vectors: Tensor, heads: int) -> Tensor:
    """Logarithms of shares of one text's tokens, [heads, tokens, tokens]."""
    parts = vectors.chunk(heads, dim=-1)
    return torch.stack([(p @ p.T / p.shape[1] ** 0.5).log_softmax(-1) for p in parts])


def test_relations_are_minilm_v2s(tiny_classifier: Path) -> None:
    teacher = opened(tiny_classifier)
    student = cut(teacher.model, 1, 32).model.eval()
    relations = Relations.between(student, teacher.model)
    assert relations.heads == 4  # as many as the teacher's; the student has two
    expected = 0.0
    for text in TEXTS:
        batch = encode(teacher.tokenizer, [text]).batch([0])
        pairs = []
        for model in (student, teacher.model):
            with torch.no_grad():
                states = model(**batch, output_hidden_states=True).hidden_states[-2][0]
                attention = model.bert.encoder.layer[-1].attention.self
                pairs.append([f(states) for f in (attention.query, attention.key, attention.value)])
        for mine, its in zip(*pairs, strict=True):
            p, q = related(its, 4), related(mine, 4)
            expected += float((p.exp() * (p - q)).sum()) / 4 / 3
    assert expected > 0.01
    assert loss_of(relations, student, teacher, TEXTS) == pytest.approx(expected, rel=1e-4)
    itself = Relations.between(teacher.model, teacher.model)
    assert loss_of(itself, teacher.model, teacher, TEXTS) == pytest.approx(0, abs=1e-5)


def test_a_layer_learns_what_the_teacher_makes_before_the_next_that_both_have() -> None:
    whole = Cut(torch.nn.Module(), (0, 2, 5))
    assert [whole.stands_for(layer, 6) for layer in range(3)] == [1, 4, 5]


def test_each_layer_of_a_copy_is_as_its_teachers(tiny_classifier: Path) -> None:
    teacher = opened(tiny_classifier)
    alike = EachLayer(Cut(teacher.model, (0, 1)))
    assert loss_of(alike, teacher.model, teacher, TEXTS) == pytest.approx(0, abs=1e-4)
    smaller = cut(teacher.model, None, 32)
    assert loss_of(EachLayer(smaller), smaller.model, teacher, TEXTS) > 1


def test_nearness_is_learned_as_shares_of_the_others() -> None:
    torch.manual_seed(0)
    learnt, taught = torch.randn(6, 4), torch.randn(6, 9)
    expected = 0.0
    for row in range(6):
        others = [i for i in range(6) if i != row]
        shares = [
            torch.stack(
                [20 * torch.cosine_similarity(v[row], v[i], dim=0) for i in others]
            ).softmax(0)
            for v in (learnt, taught)
        ]
        q, p = shares
        expected += float((p * (p / q).log()).sum()) / 6
    assert float(similarity_loss(learnt, taught)) == pytest.approx(expected, rel=1e-4)
    assert float(similarity_loss(2 * taught, taught)) == pytest.approx(0, abs=1e-5)
    assert float(similarity_loss(learnt[:1], taught[:1])) == 0


def test_similarities_are_the_same_however_a_step_is_cut(tiny_embedder: Path) -> None:
    teacher = opened(tiny_embedder)
    asked = teacher.ask(TEXTS)
    assert isinstance(asked, AskedVectors) and teacher.embedder is not None
    lesson = Similarities(asked, teacher.embedder.embed_all(teacher.model, asked.encoded))
    found = []
    for micro_batch in (5, 2):
        student = cut(teacher.model, 1).model.eval()
        step = Step(range(5), 5, micro_batch, Processes(0, 1))
        (loss,) = lesson.losses(student, step)
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = torch.cat([p.grad.flatten() for p in student.parameters() if p.grad is not None])
        found.append((loss.item(), gradient))
    assert found[0][0] > 0.01
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-3, atol=1e-5)


def test_a_projection_keeps_what_it_can_of_dot_products(tiny_embedder: Path) -> None:
    teacher = opened(tiny_embedder)
    student = Task(
        cut(teacher.model, 1, 32).model, teacher.tokenizer, "scores", teacher.encode, teacher.ask,
        teacher.answer, teacher.embedder,
    )  # fmt: skip
    torch.manual_seed(2)
    vectors = torch.randn(200, 64) * torch.logspace(0, -2, 64)
    found = Projection.fitted(vectors, student)
    assert found is not None and found.unit
    left, sizes, _ = torch.linalg.svd(vectors, full_matrices=False)
    best = left[:, :32] * sizes[:32]
    own = vectors @ found.directions
    torch.testing.assert_close(own @ own.T, best @ best.T, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(found.of(vectors).norm(dim=1), torch.ones(200))
    assert Projection.fitted(vectors[:, :32], student) is None
    with pytest.raises(
        InputError, match=r"^31 texts are too few to bring embeddings of 64 numbers"
    ):
        Projection.fitted(vectors[:31], student)
    with pytest.raises(
        InputError, match=r"embeddings have 32 numbers and its teacher's 16: make it"
    ):
        Projection.fitted(vectors[:, :16], student)


@pytest.mark.parametrize("match", [("relations",), ("similarities",), ("layers", "answers")])
def test_a_student_of_an_embedder_comes_nearer_by(
    match: tuple[str, ...], tiny_embedder: Path, tmp_path: Path
) -> None:
    words = ("lamp", "light", "fan", "kitchen", "bedroom", "anna", "paris", "berlin", "cafe")
    rows = [f"turn on the {one} in {other}" for one in words for other in words]
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(rows) + "\n", encoding="utf-8")
    options = DistillOptions(
        layers=1, match=match, epochs=4, batch_size=16, learning_rate=2e-3, precision="fp32"
    )
    record = distill(str(tiny_embedder), tmp_path / "out", texts=texts, options=options)
    assert record.epochs[-1].loss < 0.8 * record.epochs[0].loss
    assert record.options["match"] == match


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"match": ("similarities",)}, "--match similarities is for teachers that give embeddings"),
        ({"match": ("logits",)}, "nothing to match is called 'logits': expected some of answers, "),
        ({"temperature": 0.0}, "temperature should be above 0, not 0.0"),
    ],
)
def test_what_cannot_match_is_refused(
    options: dict[str, object], line: str, tiny_classifier: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("the lamp\nthe fan\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        distill(
            str(tiny_classifier), tmp_path / "out", texts=texts,
            options=DistillOptions(layers=1, **options),  # type: ignore[arg-type]
        )  # fmt: skip
    assert str(caught.value).startswith(line)
    assert not (tmp_path / "out").exists()


def test_similarities_need_two_texts_in_a_step(tiny_embedder: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("the lamp\nthe fan\n", encoding="utf-8")
    options = DistillOptions(layers=1, match=("similarities",), batch_size=1)
    with pytest.raises(InputError, match="--batch-size should be at least 2"):
        distill(str(tiny_embedder), tmp_path / "out", texts=texts, options=options)
    assert len(read_examples(texts)) == 2
