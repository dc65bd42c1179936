"""What students learn of their teachers, and by which they are judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch
import transformers
from click.testing import CliRunner
from families import make_family
from tiny import make_checkpoint, make_untrained
from torch import Tensor

from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.data import Examples, Text, read_examples
from edgebert.errors import CheckpointError, InputError
from edgebert.text.words import TokenizedText, split_words
from edgebert.training import DistillOptions, FinetuneOptions, distill, finetune
from edgebert.training.distillation.agreement import Agreement, answers_of
from edgebert.training.distillation.insides import EachLayer, LastStates
from edgebert.training.distillation.lesson import Lesson
from edgebert.training.distillation.relations import Relations
from edgebert.training.distillation.student import cut
from edgebert.training.loop.fit import fit
from edgebert.training.loop.objective import Step
from edgebert.training.loop.processes import Processes
from edgebert.training.tasks.labels.asked import AskedLabels
from edgebert.training.tasks.labels.texts import AnsweredTexts
from edgebert.training.tasks.task import Task
from edgebert.training.tasks.trainable import load_task

WORDS = ("lamp", "light", "fan", "kitchen", "bedroom", "anna", "paris", "berlin")
PAIRS = [f"turn on the {one}\tthe {other} is on" for one in WORDS for other in WORDS]
LONG = " ".join(("please tell", *WORDS, "naives , ben's cafe") * 12)
"""Longer than what a tiny model reads at a time."""


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write(tmp_path / "pairs.tsv", ["text\ttext_pair", *PAIRS])


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It has learned that some words answer better than others."""
    folder = tmp_path_factory.mktemp("reranker")
    make_untrained(folder / "bert")
    rows = (f"{pair}\t{i % len(WORDS) / 7:.2f}" for i, pair in enumerate(PAIRS))
    train = write(folder / "train.tsv", ["text\ttext_pair\tscore", *rows])
    options = FinetuneOptions(epochs=8, batch_size=8, learning_rate=3e-3)
    finetune(str(folder / "bert"), folder / "out", task="reranking", train=train, options=options)
    return folder / "out"


def opened(checkpoint: Path) -> Task:
    task = load_task(open_checkpoint(checkpoint))
    task.model.eval()
    return task


def agreement_with(teacher: Task, texts: Sequence[Text]) -> Agreement:
    """An exam whose right answers are the teacher's."""
    return Agreement(teacher.answer(texts, answers_of(teacher, teacher.ask(texts))))


def test_a_student_of_a_reranker_learns_its_scores(reranker: Path, pairs: Path) -> None:
    teacher, texts = opened(reranker), read_examples(pairs).texts
    torch.manual_seed(5)
    student = type(teacher.model)(cut(teacher.model, 1).model.config)  # of random weights
    exam = agreement_with(teacher, texts)
    before = exam.scores(student)
    options = DistillOptions(layers=1, epochs=8, batch_size=8, learning_rate=3e-3)
    lesson = Lesson(teacher.ask(texts), teacher=teacher.model)
    fitted = fit(student, lesson, options, exam=exam, label="distilling")
    assert before["agreement"] < 60
    assert exam.scores(student)["agreement"] > 80
    assert [set(found.scores) for found in fitted.evaluations] == [{"agreement", "loss"}] * 8


def test_agreement_with_the_teacher_chooses_where_there_are_no_labels(
    reranker: Path, pairs: Path, tmp_path: Path
) -> None:
    options = DistillOptions(layers=1, epochs=1, batch_size=8)
    record = distill(str(reranker), tmp_path / "out", texts=pairs, dev=pairs, options=options)
    exam = agreement_with(opened(reranker), read_examples(pairs).texts)
    found = exam.scores(opened(tmp_path / "out").model)["agreement"]
    assert record.metric == "agreement"
    assert record.best_dev == pytest.approx(found)


def test_one_score_for_all_texts_agrees_with_no_reranker(tiny_reranker: Path, pairs: Path) -> None:
    teacher = opened(tiny_reranker)
    exam = agreement_with(teacher, read_examples(pairs).texts)
    assert exam.scores(teacher.model)["agreement"] == pytest.approx(100)
    torch.nn.init.zeros_(teacher.model.classifier.weight)
    found = exam.scores(teacher.model)["agreement"]
    assert math.isnan(found)  # which is below every number


def test_an_exam_that_every_student_passes_is_refused(
    tiny_classifier: Path, tiny_reranker: Path, tiny_tagger: Path, tmp_path: Path
) -> None:
    for checkpoint in (tiny_classifier, tiny_reranker):
        with pytest.raises(InputError, match=r"all 3 texts of --dev alike, .* leave --dev out$"):
            agreement_with(opened(checkpoint), ["the lamp"] * 3)
    tagger = opened(tiny_tagger)
    torch.nn.init.zeros_(tagger.model.classifier.weight)
    tagger.model.classifier.bias.data = torch.tensor([1.0, 0, 0, 0, 0])
    with pytest.raises(InputError, match=r"^the teacher finds no entity in the texts of --dev"):
        agreement_with(tagger, ["the lamp", "in paris"])


def reference_imitation(learnt: Tensor, taught: Tensor) -> Tensor:
    """Hinton's divergence at a temperature of 2, a row at a time."""
    p, q = (taught / 2).softmax(-1), (learnt / 2).softmax(-1)
    return 4 * (p * (p / q).log()).sum()


def test_taggers_learn_the_answers_at_first_tokens_of_words_alone(tiny_tagger: Path) -> None:
    teacher = opened(tiny_tagger)
    texts = ["naives in paris , ben's", LONG]
    whole_cut = cut(teacher.model, 1)
    lesson = Lesson(teacher.ask(texts), teacher=teacher.model, inside=(LastStates(whole_cut),))
    assert isinstance(lesson.asked, AskedLabels)
    places = lesson.asked.places
    assert places is not None and len(places) > 5  # parts
    whole = transformers.AutoTokenizer.from_pretrained(tiny_tagger, model_max_length=1000)(texts)
    words = [
        len(split_words(TokenizedText.of(text, encoding)))
        for text, encoding in zip(texts, whole.encodings, strict=True)
    ]
    assert sum(map(len, places)) == sum(words)  # each in one part
    assert places[0] == [1, 3, 4, 5, 6, 7, 8]  # [CLS] naive ##s in paris , ben ' s [SEP]

    student = whole_cut.model.eval()
    with torch.no_grad():
        found = float(sum(lesson.losses(student, Step(range(len(places)), len(places), 64))))
        expected, tokens = torch.zeros(()), torch.zeros(())
        for row, of_row in enumerate(places):
            batch = lesson.asked.encoded.batch([row])
            learnt, taught = (
                model(**batch, output_hidden_states=True) for model in (student, teacher.model)
            )
            for place in of_row:
                expected += reference_imitation(learnt.logits[0, place], taught.logits[0, place])
            last = (learnt.hidden_states[-1], taught.hidden_states[-1])
            tokens += (1 - torch.cosine_similarity(*last, dim=-1)).sum()
    total = float(expected / sum(words) + tokens / sum(lesson.lengths))
    assert found == pytest.approx(total, rel=1e-5)


def lesson_of(checkpoint: Path, labels: Path | None) -> Lesson:
    task = opened(checkpoint)
    smaller = cut(task.model, 1)
    relations = Relations.between(smaller.model, task.model)
    inside = (LastStates(smaller), EachLayer(smaller), relations)
    texts = ["turn on the lamp", "is the fan off in the kitchen ?", "naives", LONG, "anna in paris"]
    if labels is None:
        return Lesson(task.ask(texts), teacher=task.model, inside=inside)
    examples = read_examples(labels)
    asked = task.ask(examples.texts) + task.ask(texts)
    labelled = task.encode(examples)
    return Lesson(asked, labelled, teacher=task.model, inside=inside)  # type: ignore[arg-type]


def losses_by(lesson: Lesson, steps: Callable[[int], Iterator[Step]]) -> tuple[float, Tensor]:
    """The loss of a step that holds all rows, and its gradient, with the step cut as told."""
    assert lesson.teacher is not None
    student = cut(lesson.teacher, 1).model.eval()
    total = 0.0
    for step in steps(len(lesson.lengths)):
        for part in lesson.losses(student, step):
            part.backward()  # type: ignore[no-untyped-call]
            total += part.item()
    gradients = [p.grad.flatten() for p in student.parameters() if p.grad is not None]
    return total, torch.cat(gradients)


@pytest.mark.parametrize("kind", ["classifier", "reranker", "tagger", "labelled tagger", "several"])
def test_a_lesson_is_the_same_however_a_step_is_cut(
    kind: str, tiny_classifier: Path, tiny_reranker: Path, tiny_tagger: Path, tmp_path: Path
) -> None:
    labels = None
    if kind == "labelled tagger":
        labels = write(tmp_path / "a.conll", ["anna B-PER", "in O", "", "the O", "paris B-LOC"])
    several = tmp_path / "several"
    make_checkpoint(several, "BertForSequenceClassification", ("a", "b", "c"))
    config = transformers.AutoConfig.from_pretrained(several)
    config.problem_type = "multi_label_classification"
    config.save_pretrained(several)
    checkpoints = {"classifier": tiny_classifier, "reranker": tiny_reranker, "several": several}
    lesson = lesson_of(checkpoints.get(kind, tiny_tagger), labels)

    whole, gradient = losses_by(lesson, lambda n: iter([Step(range(n), n, n)]))
    parts, summed = losses_by(lesson, lambda n: iter([Step(range(n), n, 2)]))
    shares, dealt = losses_by(
        lesson,
        lambda n: (Step(Processes(i, 2).share(range(n)), n, 1, Processes(i, 2)) for i in range(2)),
    )
    assert whole > 0.1 and gradient.norm() > 0.1
    assert parts == pytest.approx(whole, rel=1e-4)
    assert shares == pytest.approx(whole, rel=1e-4)
    for other in (summed, dealt):
        torch.testing.assert_close(other, gradient, rtol=1e-3, atol=1e-4)


@pytest.fixture
def other_head(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "choice", "BertForMultipleChoice")


@pytest.mark.parametrize(
    ("teacher", "unfit"),
    [
        ("tiny_filler", "is for fill-mask"),
        ("tiny_splade", "is for sparse-embedding"),
        ("other_head", "is a BertForMultipleChoice"),
    ],
)
def test_a_teacher_whose_answers_no_student_learns_is_refused(
    teacher: str, unfit: str, pairs: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(teacher)
    arguments = ["distill", str(folder), "--layers", "1", "--texts", str(pairs), "-o"]
    answer = CliRunner().invoke(main, [*arguments, str(tmp_path / "out")])
    assert answer.exit_code == 1 and not (tmp_path / "out").exists()
    assert answer.stderr == (
        f"Error: {folder.name} {unfit}, of which no student is made; there are such of models for "
        "feature-extraction, text-classification, token-classification and question-answering: "
        "--task takes its encoder for one of them\n"
    )


def test_a_task_that_is_named_makes_an_embedder_of_an_encoder(
    tiny_reader: Path, pairs: Path, tmp_path: Path
) -> None:
    options = DistillOptions(layers=1, epochs=1)
    distill(
        str(tiny_reader), tmp_path / "out", task="feature-extraction", texts=pairs, options=options
    )
    student = open_checkpoint(tmp_path / "out")
    assert (student.task, student.pooling) == ("feature-extraction", "mean")


def test_no_student_learns_of_a_head_that_was_never_trained(
    tiny_reader: Path, pairs: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        CheckpointError, match=r"was not trained for text-classification: it has no "
    ):
        distill(
            str(tiny_reader), tmp_path / "out", task="text-classification", texts=pairs,
            options=DistillOptions(layers=1),
        )  # fmt: skip


def test_a_teacher_of_several_scores_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "scores"
    make_family(folder, "bert", transformers.AutoModelForSequenceClassification)
    config = transformers.AutoConfig.from_pretrained(folder)
    config.problem_type, config.num_labels = "regression", 3
    config.save_pretrained(folder)
    with pytest.raises(CheckpointError, match="gives a text 3 scores; only one is trained here"):
        load_task(open_checkpoint(folder))


def test_scores_in_a_file_are_learned_beside_the_teacher(tiny_reranker: Path, pairs: Path) -> None:
    examples = read_examples(pairs)
    labelled = Examples(
        examples.path, examples.texts, labels=tuple((str(i % 2),) for i in range(len(PAIRS)))
    )
    data = opened(tiny_reranker).encode(labelled)
    assert isinstance(data, AnsweredTexts)
    assert data.targets[:4, 0].tolist() == [0, 1, 0, 1]
