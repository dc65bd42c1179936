"""README.md of what was trained: read as the hub reads it, and its examples run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from edgebert.bundle import file_sha256
from edgebert.training import (
    DistillOptions,
    FinetuneOptions,
    PretrainOptions,
    distill,
    finetune,
    pretrain,
)

OPTIONS = FinetuneOptions(epochs=1, batch_size=8, precision="fp32")


def rows(path: Path, header: str, *lines: str) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    rows(folder / "on|off.tsv", "text\tlabel", *["the lamp\ton", "a cafe\toff"] * 4)
    rows(folder / "dev.tsv", "text\tlabel", "a lamp\ton", "a cafe\toff", "a fan\ton")
    rows(folder / "pairs.tsv", "sentence1\tsentence2\tscore", *["lamp\tlight\t4", "a\tfan\t1"] * 4)
    tags = {"tokens": ["anna", "is", "late"], "tags": ["B-PER", "O", "O"]}
    (folder / "tags.jsonl").write_text("\n".join([json.dumps(tags)] * 8))
    (folder / "corpus.txt").write_text("\n\n".join(f"the lamp {i}\nis on\n" for i in range(9)))
    return folder


@pytest.fixture(scope="module")
def classifier(work: Path, tiny_embedder: Path) -> Path:
    output = work / "clf"
    finetune(
        str(tiny_embedder), output, task="text-classification", train=work / "on|off.tsv",
        dev=work / "dev.tsv", options=OPTIONS,
    )  # fmt: skip
    return output


def card(folder: Path) -> Any:
    return ModelCard.load(folder / "README.md")


def run_example(folder: Path) -> None:
    """Run the card's Python."""
    (code,) = re.findall(r"```python\n(.*?)```", card(folder).content, re.DOTALL)
    exec(code.replace("THIS_FOLDER", str(folder)), {})  # noqa: S102 - lines of our own card


def test_a_card_says_what_was_trained_on_what_and_how_good_it_is(
    classifier: Path, work: Path
) -> None:
    read = card(classifier)
    assert read.data.to_dict() == {
        "pipeline_tag": "text-classification",
        "library_name": "transformers",
        "tags": ["edgebert"],
    }
    record = json.loads((classifier / "training.json").read_text())
    assert f"| Accuracy on dev | {record['best_dev']:.2f} |" in read.text
    assert "| labels | one of `off`, `on` |" in read.text
    for role, name, count in (("train", "on|off.tsv", 8), ("dev", "dev.tsv", 3)):
        sha256 = file_sha256(work / name)[:16]
        named = name.replace("|", r"\|")
        assert f"| {role} | `{named}` | {count} | `{sha256}` |" in read.text


def test_a_card_holds_the_recipe_and_no_path_of_this_machine(
    classifier: Path, work: Path, tiny_embedder: Path
) -> None:
    text = card(classifier).content
    assert 'train = "on|off.tsv"\n' in text and f'model = "{tiny_embedder.name}"\n' in text
    assert "batch_size = 8\n" in text and "# limit is not set\n" in text
    assert str(work) not in text and str(work.parent) not in text


def test_a_model_of_the_hub_is_named_as_the_base_model() -> None:
    from edgebert.records.trained import TrainingRecord
    from edgebert.training.card import card_text

    record = TrainingRecord(
        kind="finetune", task="text-classification", source="someone/a-model", checkpoint="out/x",
        parameters=1, layers=1, hidden=1, data=(), examples=1, options={}, epochs=(), metric=None,
        best_dev=None, seed=1, seconds=1,
    )  # fmt: skip
    read: Any = ModelCard(card_text(record, ""))
    assert read.data.base_model == "someone/a-model"
    assert "fine-tuned from `someone/a-model`" in read.text


@pytest.mark.parametrize("task", ["token-classification", "sentence-similarity", "reranking"])
def test_the_example_of_a_card_runs(
    work: Path, tiny_embedder: Path, tmp_path: Path, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"token-classification": "tags.jsonl", "sentence-similarity": "pairs.tsv"}
    train = work / files.get(task, "rank.tsv")
    if task == "reranking":
        rows(train, "sentence1\tsentence2\tlabel", *["lamp\tlight\t1", "lamp\tcafe\t0"] * 4)
    finetune(str(tiny_embedder), tmp_path / "out", task=task, train=train, options=OPTIONS)
    read = card(tmp_path / "out")
    assert read.data.pipeline_tag == {"reranking": "text-ranking"}.get(task, task)
    is_sentence = task != "token-classification"
    assert ("sentence-transformers" in read.data.tags) == is_sentence
    run_example(tmp_path / "out")
    assert capsys.readouterr().out


def test_students_and_pretrained_models_have_cards_whose_examples_run(
    classifier: Path, work: Path, tmp_path: Path
) -> None:
    student = DistillOptions(layers=1, epochs=1, precision="fp32")
    distill(str(classifier), tmp_path / "student", train=work / "dev.tsv", options=student)
    read = card(tmp_path / "student")
    assert "distilled from `clf`" in read.text and "| train | `dev.tsv` | 3 |" in read.text
    run_example(tmp_path / "student")
    size = PretrainOptions(layers=1, hidden=32, vocab_size=100, max_length=16, epochs=1)
    pretrain([work / "corpus.txt"], tmp_path / "bert", options=size)
    read = card(tmp_path / "bert")
    assert read.data.pipeline_tag == "fill-mask" and "pretrained on `corpus.txt`" in read.text
    run_example(tmp_path / "bert")
