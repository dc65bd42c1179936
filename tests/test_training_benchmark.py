"""The table of trained models: what its rows read is there, and a model that was made is known."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

from benchmarks.training.data import carve
from benchmarks.training.rows import RECIPES, ROWS
from benchmarks.training.running import is_made_by, pretraining, shown
from record_samples import TRAINING

from edgebert.data import Columns, read_examples
from edgebert.records.codec import write_json
from edgebert.toml_files import read_toml
from edgebert.training.pretraining.corpus import Corpus


def test_every_row_has_its_recipes() -> None:
    for row in ROWS.values():
        assert "learning_rate" in read_toml(row.recipe)
        assert row.pretraining.exists() == (row.corpus is not None)


def test_a_corpus_of_translations_has_a_document_for_each_pair_of_train(tmp_path: Path) -> None:
    row = ROWS["bitext-tatoeba"]
    rows = [f"run {n // 2} .\t跑 {n}。\tsomebody\n" for n in range(400)]
    source = tmp_path / "data/tatoeba_en_zh/all.tsv.gz"
    source.parent.mkdir(parents=True)
    source.write_bytes(gzip.compress(("en\tzh\tattribution\n" + "".join(rows)).encode()))
    carve(row.files, tmp_path / "data", tmp_path)
    train, test = (
        read_examples(tmp_path / str(file), columns=row.columns) for file in (row.train, row.test)
    )
    assert train.belong_together and test.belong_together
    documents = list(Corpus([tmp_path / str(row.corpus)]))
    assert [tuple(document) for document in documents] == list(train.texts)
    assert not {text[0] for text in test.texts} & {english for english, _ in documents}


def test_a_model_with_the_options_of_its_recipe_is_not_made_again(tmp_path: Path) -> None:
    recipe = ROWS["bitext-multi30k"].recipe
    told = read_toml(recipe)
    columns = Columns(told.pop("text_column"), told.pop("pair_column"))
    record = replace(TRAINING, task=told.pop("task"), options={**told, "columns": vars(columns)})
    assert not is_made_by(recipe, tmp_path)
    write_json(record, tmp_path / "training.json")
    assert is_made_by(recipe, tmp_path)
    other = {**told, "columns": vars(Columns("de", "en"))}
    write_json(replace(record, options=other), tmp_path / "training.json")
    assert not is_made_by(recipe, tmp_path)


def test_a_page_shows_commands_as_its_readers_can_type_them(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "made"
    command = pretraining(RECIPES / "start.toml", folder / "carved/corpus.txt", folder)
    command += ["--train", data / "sst2/train.tsv.gz", tmp_path / "cache/minilm"]
    told = {
        page: shown(command, {"MiniLM": tmp_path / "cache/minilm"}, data, folder, page)
        for page in (RECIPES.parent, RECIPES.parents[1] / "translation")
    }
    assert list(told.values()) == [
        f"edgebert pretrain carved/corpus.txt --config {recipe} -o start --force --offline "
        "--train $EDGEBERT_DATA/sst2/train.tsv.gz MiniLM"
        for recipe in ("recipes/start.toml", "../training/recipes/start.toml")
    ]
