"""Pretraining that goes on with a BERT that is there, and the memory that a corpus takes."""

from __future__ import annotations

import logging
import random
import tracemalloc
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from families import make_family
from tiny import make_untrained
from transformers import BertForPreTraining, BertTokenizer

from edgebert.cli import main
from edgebert.errors import CheckpointError, InputError
from edgebert.training import PretrainOptions, pretrain
from edgebert.training.pretraining.corpus import Corpus
from edgebert.training.pretraining.packing import pack
from edgebert.training.pretraining.token_store import store_tokens

WORDS = "turn on the lamp in kitchen please tell ben that it is off".split()
OPTIONS = PretrainOptions(epochs=1, batch_size=8, max_length=32, learning_rate=1e-3)


def write_corpus(path: Path, documents: int) -> Path:
    draw = random.Random(3)
    lines = (
        "\n".join(" ".join(draw.choices(WORDS, k=7)) for _ in range(6)) for _ in range(documents)
    )
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "corpus.txt", 40)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_untrained(tmp_path_factory.mktemp("bert"), layers=1, hidden=64)


def test_a_bert_goes_on_with_its_vocabulary_and_its_size(
    bert: Path, corpus: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        record = pretrain([corpus], tmp_path / "out", start=str(bert), options=OPTIONS)
    assert "lacks predictions and seq_relationship, which start at random" in caplog.text
    assert (record.layers, record.hidden) == (1, 64)
    assert (record.options["layers"], record.options["hidden"]) == (1, 64)
    own, its = (BertTokenizer.from_pretrained(folder) for folder in (tmp_path / "out", bert))
    assert own.get_vocab() == its.get_vocab()

    caplog.clear()
    further = tmp_path / "further"
    again = pretrain([corpus], further, start=str(tmp_path / "out"), options=OPTIONS)
    assert not caplog.records  # the heads are there now
    assert again.epochs[0].loss < record.epochs[0].loss
    before, after = (
        BertForPreTraining.from_pretrained(folder).bert.pooler.dense.weight
        for folder in (tmp_path / "out", further)
    )
    assert 0 < (before - after).abs().max() < 0.1
    assert "start" in (further / "recipe.toml").read_text(encoding="utf-8")


def test_a_recipe_goes_on_alike(bert: Path, corpus: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    pretrain([corpus], first, start=str(bert), options=OPTIONS)
    recipe = str(first / "recipe.toml")
    answer = CliRunner().invoke(main, ["pretrain", "--config", recipe, "-o", str(again)])
    assert answer.exit_code == 0, answer.output
    one, other = (BertForPreTraining.from_pretrained(folder) for folder in (first, again))
    for mine, its in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_the_size_of_what_goes_on_is_not_chosen(bert: Path, corpus: Path, tmp_path: Path) -> None:
    arguments = ["pretrain", str(corpus), "--start", str(bert), "-o", str(tmp_path / "out")]
    answer = CliRunner().invoke(main, [*arguments, "--vocab-size", "8000"])
    assert answer.exit_code == 2
    assert "--vocab-size is for a new model: the one of --start has its size" in answer.stderr


def test_what_cannot_go_on_is_told_in_a_line(bert: Path, corpus: Path, tmp_path: Path) -> None:
    other = make_family(tmp_path / "other", "mpnet")
    with pytest.raises(
        CheckpointError, match=r"^other is a mpnet: pretraining goes on with a BERT"
    ):
        pretrain([corpus], tmp_path / "out", start=str(other), options=OPTIONS)
    with pytest.raises(InputError, match=r"^--max-length 128: .* has positions for 64 tokens$"):
        pretrain([corpus], tmp_path / "out", start=str(bert), options=PretrainOptions())
    assert not (tmp_path / "out").exists()


def test_memory_does_not_grow_with_the_corpus(bert: Path, tmp_path: Path) -> None:
    tokenizer = BertTokenizer.from_pretrained(bert)
    peaks = []
    for documents in (600, 6000):
        path = write_corpus(tmp_path / f"{documents}.txt", documents)
        folder = tmp_path / str(documents)
        folder.mkdir()
        tracemalloc.start()
        read = Corpus([path])
        stores = store_tokens(read, read.count(), tokenizer, 20, folder, random.Random(1))
        pack(stores[0], 45, folder / "pairs", random.Random(2))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
