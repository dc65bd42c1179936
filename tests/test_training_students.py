"""Students that are cut out of their teachers, or of other models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from families import FAMILIES, make_family
from tiny import VOCABULARY, make_checkpoint

from edgebert.checkpoint import open_checkpoint
from edgebert.cli.make.training import show_training
from edgebert.data import Columns, read_examples
from edgebert.errors import CheckpointError, InputError
from edgebert.training import DistillOptions, distill
from edgebert.training.distillation.student import cut

IDS = torch.tensor([[2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 3]])
WORDS = ("lamp", "light", "fan", "kitchen", "bedroom", "anna", "paris", "berlin")


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows = [f"turn on the {one} in {other}" for one in WORDS for other in WORDS]
    return write(tmp_path / "texts.txt", rows)


def logits(model: transformers.PreTrainedModel) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(IDS).logits
    return found


def teacher_of(family: str, folder: Path, layers: int) -> transformers.PreTrainedModel:
    depth: dict[str, Any] = {
        FAMILIES[family]().attribute_map.get("num_hidden_layers", "num_hidden_layers"): layers
    }
    if family == "modernbert":
        depth["layer_types"] = ["full_attention", "sliding_attention"] * (layers // 2)
    auto_class = transformers.AutoModelForSequenceClassification
    return auto_class.from_pretrained(
        make_family(folder, family, auto_class, num_labels=3, **depth)
    )


_OTHERWISE = ("albert", "squeezebert", "deberta")


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in _OTHERWISE])
def test_every_family_can_be_shorter_and_narrower(family: str, tmp_path: Path) -> None:
    teacher = teacher_of(family, tmp_path / "teacher", 4)
    before = logits(teacher)
    for number, (layers, hidden) in enumerate([((0, 3), None), (None, 32), (2, 48)]):
        student = cut(teacher, layers, hidden).model
        student.save_pretrained(tmp_path / str(number))
        again = type(student).from_pretrained(tmp_path / str(number))
        torch.testing.assert_close(logits(again), logits(student), rtol=1e-4, atol=1e-5)
        assert (logits(student) - before).abs().max() > 1e-3
        assert again.config.hidden_size == (hidden or 64)
    torch.testing.assert_close(logits(teacher), before)


@pytest.mark.parametrize("family", _OTHERWISE)
def test_other_layouts_are_refused_where_they_cannot_be_cut(family: str, tmp_path: Path) -> None:
    teacher = teacher_of(family, tmp_path, 4)
    layers, hidden = ((0, 3), None) if family == "albert" else (None, 32)
    with pytest.raises(
        CheckpointError, match=f"{family} (are no plain stack|cannot be made narrower)"
    ):
        cut(teacher, layers, hidden)


def test_a_narrower_student_has_whole_heads_of_its_teacher(tiny_classifier: Path) -> None:
    auto_class = transformers.AutoModelForSequenceClassification
    teacher = auto_class.from_pretrained(tiny_classifier)
    found = cut(teacher, (1,), 32)
    assert found.dims is not None
    dims = found.dims.cpu()
    blocks = dims.reshape(2, 16)
    assert (blocks[:, 0] % 16 == 0).all() and (blocks.diff(dim=1) == 1).all()
    old, new = teacher.bert.encoder.layer[1], found.model.bert.encoder.layer[0]
    whole = old.attention.self.query.weight[dims]
    kept = whole[:, dims] * (whole.norm() / whole[:, dims].norm())
    torch.testing.assert_close(new.attention.self.query.weight, kept)
    embeddings = teacher.bert.embeddings.word_embeddings.weight[:, dims]
    torch.testing.assert_close(found.model.bert.embeddings.word_embeddings.weight, embeddings)
    torch.testing.assert_close(new.output.LayerNorm.weight, old.output.LayerNorm.weight[dims])
    neurons = [
        int((old.intermediate.dense.bias == bias).nonzero()) for bias in new.intermediate.dense.bias
    ]
    strength = old.intermediate.dense.weight.square().sum(1)
    strength = strength + old.output.dense.weight.square().sum(0)
    assert set(neurons) == set(strength.topk(64).indices.tolist())


@pytest.mark.parametrize(
    ("layers", "hidden", "line"),
    [
        ((1, 0), None, "the teacher's layers are 0 to 1: choose some of them in ascending order, not 1,0"),
        ((0, 2), None, "the teacher's layers are 0 to 1: choose some of them in ascending order, not 0,2"),
        ((0, 1), None, "the teacher's layers are 0 to 1: choose some of them in ascending order, not 0,1"),
        (3, None, "the teacher has 2 layers: choose from 1 to 1, not 3"),
        (None, 40, "--hidden 40: the model is 64 wide and has heads of 16: choose a multiple of 16 below 64"),
        (None, 64, "--hidden 64: the model is 64 wide and has heads of 16: choose a multiple of 16 below 64"),
        (None, None, "the student would be as large as its teacher: --layers, --hidden or --student"),
    ],
)  # fmt: skip
def test_a_student_that_is_no_smaller_is_refused(
    layers: Any, hidden: int | None, line: str, tiny_classifier: Path, texts: Path, tmp_path: Path
) -> None:
    options = DistillOptions(layers=layers, hidden=hidden)
    with pytest.raises(InputError) as caught:
        distill(str(tiny_classifier), tmp_path / "out", texts=texts, options=options)
    assert str(caught.value) == line
    assert not (tmp_path / "out").exists()


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A BERT of one layer whose vocabulary is another."""
    folder = make_checkpoint(tmp_path / "stranger", "BertModel", seed=9)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokens = [*VOCABULARY[:5], *sorted(VOCABULARY[5:], reverse=True)]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder)
    cut(model, 1).model.save_pretrained(folder)
    assert config["num_hidden_layers"] == 2
    return folder


def test_a_student_of_other_vocabulary_learns_the_answers(
    tiny_classifier: Path, stranger: Path, texts: Path, tmp_path: Path
) -> None:
    options = DistillOptions(epochs=12, batch_size=8, learning_rate=2e-3, precision="fp32")
    record = distill(
        str(tiny_classifier), tmp_path / "out", student=str(stranger), texts=texts, options=options
    )
    assert record.epochs[-1].loss < record.epochs[0].loss / 4
    student = open_checkpoint(tmp_path / "out")
    assert student.labels == open_checkpoint(tiny_classifier).labels
    own = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    assert own.get_vocab() == transformers.AutoTokenizer.from_pretrained(stranger).get_vocab()
    assert "student" in (tmp_path / "out/recipe.toml").read_text(encoding="utf-8")


def test_a_narrower_student_embeds_as_its_teachers_main_directions(
    tiny_embedder: Path, texts: Path, tmp_path: Path
) -> None:
    options = DistillOptions(
        layers=1, hidden=32, epochs=10, batch_size=8, learning_rate=3e-3, precision="fp32"
    )
    record = distill(str(tiny_embedder), tmp_path / "out", texts=texts, dev=texts, options=options)
    assert record.hidden == 32
    assert record.best_dev is not None and record.best_dev > 90


@pytest.mark.parametrize(
    ("teacher", "match", "line"),
    [
        ("tiny_tagger", (), "stranger reads other tokens than its teacher, which is asked about tokens"),
        ("tiny_reader", (), "stranger reads other tokens than its teacher, which is asked about tokens"),
        ("tiny_embedder", ("last",), "--match last compares hidden states, and a --student of its own has"),
        ("tiny_embedder", ("relations",), "--match relations compares tokens, and the student reads others"),
    ],
)  # fmt: skip
def test_what_a_student_of_other_vocabulary_cannot_learn_is_refused(
    teacher: str,
    match: tuple[str, ...],
    line: str,
    stranger: Path,
    texts: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    with pytest.raises(InputError) as caught:
        distill(
            str(request.getfixturevalue(teacher)), tmp_path / "out", student=str(stranger),
            texts=texts, options=DistillOptions(match=match),
        )  # fmt: skip
    assert str(caught.value).startswith(line)


def test_another_student_has_to_be_smaller_too(
    tiny_classifier: Path, tmp_path: Path, texts: Path
) -> None:
    large = make_checkpoint(tmp_path / "large", "BertModel")
    with pytest.raises(
        InputError, match=r"^the student would be no smaller than its teacher: 0\.1 M"
    ):
        distill(
            str(tiny_classifier), tmp_path / "out", student=str(large), texts=texts,
            options=DistillOptions(),
        )  # fmt: skip


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {"question": f"is the {one} on ?", "context": f"anna and ben please turn the {other} off in paris"}
        for one in WORDS
        for other in WORDS
    ]  # fmt: skip
    return write(tmp_path / "questions.jsonl", [json.dumps(row) for row in rows])


def test_a_student_of_a_reader_finds_its_answers(
    tiny_reader: Path, questions: Path, tmp_path: Path
) -> None:
    options = DistillOptions(layers=1, epochs=8, batch_size=8, learning_rate=3e-3, precision="fp32")
    record = distill(
        str(tiny_reader), tmp_path / "out", texts=questions, dev=questions, options=options
    )
    assert record.epochs[-1].loss < 0.4 * record.epochs[0].loss
    first, last = record.evaluations[0].scores, record.evaluations[-1].scores
    assert record.metric == "agreement" and last["loss"] < first["loss"]
    assert open_checkpoint(tmp_path / "out").task == "question-answering"


def test_a_text_alone_is_no_question(tiny_reader: Path, texts: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'turn on the lamp in lamp' stands alone: give columns"):
        distill(str(tiny_reader), tmp_path / "out", texts=texts, options=DistillOptions(layers=1))


def test_a_vocabulary_is_trimmed_in_one_go(
    tiny_classifier: Path, texts: Path, tmp_path: Path
) -> None:
    options = DistillOptions(layers=1, epochs=1)
    plain, small = tmp_path / "plain", tmp_path / "small"
    distill(str(tiny_classifier), plain, texts=texts, options=options)
    record = distill(
        str(tiny_classifier), small, texts=texts, trim_vocabulary=texts, options=options
    )
    assert "pieces kept for texts.txt, " in show_training(record)
    model, whole = map(
        transformers.AutoModelForSequenceClassification.from_pretrained, (small, plain)
    )
    assert model.config.vocab_size < whole.config.vocab_size
    assert record.parameters == model.num_parameters()
    trimmed = record.trimmed_vocabulary
    assert trimmed is not None and (trimmed.kept, trimmed.corpus) == (
        model.config.vocab_size,
        "texts.txt",
    )
    for text in read_examples(texts).single_texts()[:3]:
        one, other = (
            loaded.eval()(
                **transformers.AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
            )
            for loaded, folder in ((model, small), (whole, plain))
        )
        torch.testing.assert_close(one.logits, other.logits, rtol=1e-4, atol=1e-5)


def test_a_vocabulary_holds_what_is_learned(
    tiny_classifier: Path, texts: Path, tmp_path: Path
) -> None:
    few = write(tmp_path / "few.txt", ["turn on the lamp"])
    labels = open_checkpoint(tiny_classifier).labels
    train = write(
        tmp_path / "train.tsv",
        ["text\tlabel", f"please tell anna\t{labels[0]}", f"the\t{labels[1]}"],
    )
    with pytest.raises(InputError) as caught:
        distill(
            str(tiny_classifier), tmp_path / "out", train=train, trim_vocabulary=few,
            options=DistillOptions(layers=1, columns=Columns()),
        )  # fmt: skip
    assert str(caught.value) == (
        f"--trim-vocabulary {few}: 1 texts of {train} would be cut into other pieces than those that "
        "are learned: give a file that holds them too"
    )
    assert not (tmp_path / "out").exists()
