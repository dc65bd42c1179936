"""Tables of static embeddings: made of a teacher, trained on texts, used and trained on as any model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from sentence_transformers import SentenceTransformer
from tiny import VOCABULARY

from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.errors import CheckpointError, InputError
from edgebert.export import export_model
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import load
from edgebert.training import (
    DistillOptions,
    FinetuneOptions,
    StaticOptions,
    distill,
    distill_static,
    finetune,
)
from edgebert.training.static.table import directions, table_rows, unit
from edgebert.weight_files import read_array

WORDS = ("lamp", "light", "fan", "kitchen", "bedroom", "anna", "paris", "berlin")
PAIRS = [(one, other) for one in WORDS for other in WORDS]
OPTIONS = StaticOptions(dimensions=24, epochs=12, batch_size=16, learning_rate=1e-2)


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [f"turn the {one} in {other} off" for one, other in PAIRS]
    return write(tmp_path_factory.mktemp("texts") / "texts.txt", rows)


@pytest.fixture(scope="module")
def untrained(tiny_embedder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static") / "untrained"
    distill_static(str(tiny_embedder), folder, options=OPTIONS)
    return folder


@pytest.fixture(scope="module")
def trained(tiny_embedder: Path, texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static") / "trained"
    distill_static(str(tiny_embedder), folder, texts=texts, options=OPTIONS)
    return folder


def vectors(folder: Path, lines: list[str]) -> np.ndarray:
    return np.stack(CheckpointModel(open_checkpoint(folder)).outputs(lines))


def disagreement(folder: Path, teacher: Path, lines: list[str]) -> float:
    """How far the cosines of all pairs of texts are from the teacher's."""
    ours, theirs = vectors(folder, lines), vectors(teacher, lines)
    return float(np.abs(ours @ ours.T - theirs @ theirs.T).mean())


def test_a_row_is_what_the_teacher_makes_of_the_token_alone(
    untrained: Path, tiny_embedder: Path
) -> None:
    rows = read_array(untrained / "model.safetensors", "embedding.weight")
    assert rows.shape == (len(VOCABULARY), OPTIONS.dimensions)
    words = ["lamp", "kitchen", "paris"]
    of_all = vectors(tiny_embedder, [piece for piece in VOCABULARY if piece.isalpha()])
    asked = vectors(tiny_embedder, words)
    # up to a rotation, the mean of all tokens and a weight for each: so angles tell
    found = unit(torch.tensor(rows[[VOCABULARY.index(word) for word in words]]))
    expected = unit(torch.tensor(asked - of_all.mean(axis=0)))
    assert torch.allclose(found @ found.T, expected @ expected.T, atol=0.15)


def test_texts_bring_a_table_nearer_to_its_teacher(
    untrained: Path, trained: Path, tiny_embedder: Path, texts: Path
) -> None:
    lines = texts.read_text(encoding="utf-8").split("\n")[:-1]
    before = disagreement(untrained, tiny_embedder, lines)
    after = disagreement(trained, tiny_embedder, lines)
    assert after < before / 3


def test_a_table_is_a_folder_of_sentence_transformers(trained: Path) -> None:
    """Without config.json, for which model2vec would take it for a folder of its own."""
    lines = ["the lamp is on", "", "[CLS] zebra"]
    model = SentenceTransformer(str(trained), device="cpu")
    np.testing.assert_allclose(model.encode(lines), vectors(trained, lines), atol=1e-6)
    assert model.similarity_fn_name == "cosine"
    said = json.loads((trained / "config_sentence_transformers.json").read_text(encoding="utf-8"))
    assert said["normalize"] is True  # where model2vec looks for it
    assert {file.name for file in trained.iterdir() if file.is_file()} == {
        "README.md",
        "config_sentence_transformers.json",
        "model.safetensors",
        "modules.json",
        "recipe.toml",
        "tokenizer.json",
        "training.json",
    }


def test_record_and_card_speak_of_static_embeddings(trained: Path) -> None:
    record = json.loads((trained / "training.json").read_text(encoding="utf-8"))
    assert (record["layers"], record["hidden"], record["examples"]) == (0, 24, len(PAIRS))
    assert record["parameters"] == 24 * len(VOCABULARY)
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert "A sentence model of static embeddings, distilled from `embedder`" in card
    assert "static embeddings, 24 wide" in card


def test_its_recipe_makes_it_again(trained: Path, tmp_path: Path) -> None:
    arguments = ["distill-static", "--config", str(trained / "recipe.toml")]
    again = CliRunner().invoke(main, [*arguments, "-o", str(tmp_path / "again")])
    assert again.exit_code == 0, again.output
    assert "static embeddings, 24 wide" in again.output
    weights = (trained / "model.safetensors").read_bytes()
    assert (tmp_path / "again/model.safetensors").read_bytes() == weights


def test_dev_chooses_by_scores_or_by_the_teacher(
    tiny_embedder: Path, texts: Path, tmp_path: Path
) -> None:
    scored = [f"the {a}\tthe {b}\t{i % 5}" for i, (a, b) in enumerate(PAIRS)]
    dev = write(tmp_path / "dev.tsv", ["sentence1\tsentence2\tscore", *scored])
    few = replace(OPTIONS, epochs=2)
    for file, metric in ((dev, "spearman"), (texts, "agreement")):
        record = distill_static(
            str(tiny_embedder), tmp_path / metric, texts=texts, dev=file, options=few
        )
        assert (record.metric, len(record.evaluations)) == (metric, 2)


def test_frequent_tokens_weigh_less() -> None:
    tokens = torch.randn(50, 16, generator=torch.Generator().manual_seed(1))
    onto = directions(tokens, None, 16)
    plain = (tokens - tokens.mean(dim=0)) @ onto
    counts = torch.zeros(50, dtype=torch.int64)
    counts[7] = 1000
    for found, rare in (
        (table_rows(tokens, onto, counts), 8),
        (table_rows(tokens, onto, None), 49),
    ):
        share = found.norm(dim=1) / plain.norm(dim=1)
        frequent = 7 if found is not None and rare == 8 else 0
        assert share[frequent] < share[rare] / 10
        assert found.square().sum(dim=1).mean() == pytest.approx(1)


def test_directions_keep_the_cosines_of_texts() -> None:
    draw = torch.Generator().manual_seed(2)
    tokens = torch.randn(60, 12, generator=draw)
    few = torch.randn(40, 3, generator=draw) @ torch.randn(3, 12, generator=draw)
    onto = directions(tokens, few, 3)
    assert torch.allclose(onto.T @ onto, torch.eye(3), atol=1e-5)
    projected = unit(few @ onto)
    assert torch.allclose(projected @ projected.T, unit(few) @ unit(few).T, atol=1e-2)
    assert directions(tokens, few, 12).shape == (12, 12)  # more than these texts have


def test_a_table_is_tuned_to_scores(trained: Path, tmp_path: Path) -> None:
    rows = [f"the {a}\tthe {b}\t{float(a == b)}" for a, b in PAIRS]
    train = write(tmp_path / "train.tsv", ["sentence1\tsentence2\tscore", *rows])
    options = FinetuneOptions(epochs=3, batch_size=16, learning_rate=1e-2)
    record = finetune(
        str(trained),
        tmp_path / "tuned",
        task="sentence-similarity",
        train=train,
        dev=train,
        options=options,
    )
    assert record.best_dev is not None and record.best_dev > 40
    model = SentenceTransformer(str(tmp_path / "tuned"), device="cpu")
    np.testing.assert_allclose(
        model.encode(["the lamp"]), vectors(tmp_path / "tuned", ["the lamp"]), atol=1e-6
    )


def test_a_head_on_a_table_classifies_as_an_int8_bundle(trained: Path, tmp_path: Path) -> None:
    rooms = {"kitchen": "room", "bedroom": "room", "paris": "city", "berlin": "city"}
    rows = [f"the {one} in {name}\t{label}" for one in WORDS[:3] for name, label in rooms.items()]
    train = write(tmp_path / "train.tsv", ["text\tlabel", *rows * 4])
    options = FinetuneOptions(epochs=10, batch_size=8, learning_rate=1e-2)
    record = finetune(
        str(trained),
        tmp_path / "clf",
        task="text-classification",
        train=train,
        dev=train,
        options=options,
    )
    assert record.best_dev == 100
    checkpoint = open_checkpoint(tmp_path / "clf")
    assert (checkpoint.task, checkpoint.labels) == ("text-classification", ("city", "room"))
    card = (tmp_path / "clf/README.md").read_text(encoding="utf-8")
    assert "A text classifier of static embeddings" in card
    assert "from transformers import" not in card  # which does not know such a head
    export_model(tmp_path / "clf", tmp_path / "fp32")
    scheme = QuantizeOptions(scheme="token")
    made = quantize_bundle(tmp_path / "fp32", tmp_path / "int8", options=scheme)
    assert all("int8" in layer.decision for layer in made.layers)
    texts = [row.partition("\t")[0] for row in rows]
    with load(tmp_path / "fp32") as fp32, load(tmp_path / "int8") as int8:
        labels = [answer.label for answer in fp32.classify(texts)]
        assert labels == [row.partition("\t")[2] for row in rows]
        assert [answer.label for answer in int8.classify(texts)] == labels


def test_what_no_table_is_made_of_is_told_in_one_line(
    tiny_embedder: Path, tiny_classifier: Path, trained: Path, texts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(CheckpointError, match=r"is for text-classification: static embeddings"):
        distill_static(str(tiny_classifier), out, options=OPTIONS)
    with pytest.raises(CheckpointError, match=r"is a table of static embeddings already"):
        distill_static(str(trained), out, options=OPTIONS)
    with pytest.raises(InputError, match=r"^--dimensions 65 is more than the 64 numbers"):
        distill_static(str(tiny_embedder), out, options=StaticOptions(dimensions=65))
    single = write(tmp_path / "single.txt", ["the lamp is on"])
    with pytest.raises(InputError, match=r"single\.txt holds a single text"):
        distill_static(str(tiny_embedder), out, texts=single, options=OPTIONS)
    with pytest.raises(InputError, match=r"^--dev chooses among trained tables: give --texts"):
        distill_static(str(tiny_embedder), out, dev=texts, options=OPTIONS)
    with pytest.raises(InputError, match=r"^dimensions should be at least 1"):
        StaticOptions(dimensions=0)
    assert not out.exists()


def test_no_layers_are_left_out_of_a_table(untrained: Path, texts: Path, tmp_path: Path) -> None:
    for options in (DistillOptions(layers=1), DistillOptions(hidden=8)):
        with pytest.raises(
            CheckpointError, match=r"^a table of static embeddings has no layers that"
        ):
            distill(str(untrained), tmp_path / "out", texts=texts, options=options)
