"""What the table of translators learns from is what it says: a fair split, and no pretrained weight."""

from __future__ import annotations

import gzip
from pathlib import Path

import torch
from benchmarks.translation.data import carve, write_starts
from benchmarks.translation.rows import MINILM, ROWS, SCRATCH, TINY
from safetensors.torch import load_file
from tiny import make_untrained

from edgebert.toml_files import read_toml


def test_no_english_sentence_is_in_two_parts(tmp_path: Path) -> None:
    rows = [
        f"{'Run' if row % 2 else 'run'} {row // 4}.\t跑{row}。\tsomebody\n" for row in range(2000)
    ]
    source = tmp_path / "data/tatoeba_en_zh/all.tsv.gz"
    source.parent.mkdir(parents=True)
    source.write_bytes(gzip.compress(("en\tzh\tattribution\n" + "".join(rows)).encode()))
    carve("tatoeba", tmp_path / "data", tmp_path)
    parts = {
        name: [
            line.split("\t")
            for line in (tmp_path / f"carved/tatoeba/{name}.tsv").read_text().splitlines()[1:]
        ]
        for name in ("train", "dev", "test")
    }
    english = {name: {row[0].lower() for row in part} for name, part in parts.items()}
    assert not english["train"] & (english["dev"] | english["test"])
    assert not english["dev"] & english["test"]
    assert len(set.union(*english.values())) == 500
    for name in ("dev", "test"):  # one translation of each, as it was first written
        assert len(parts[name]) == len({row[0] for row in parts[name]}) > 0
    assert len(parts["train"]) == 4 * len(english["train"])


def test_what_begins_without_a_bert_has_its_tokenizer_and_none_of_its_weights(
    tmp_path: Path,
) -> None:
    bert = make_untrained(tmp_path / "bert")
    starts = write_starts(bert, tmp_path)
    known = load_file(bert / "model.safetensors")
    drawn = load_file(starts[SCRATCH] / "model.safetensors")
    assert drawn.keys() == {name for name in known if not name.startswith("pooler.")}
    assert not any(
        torch.equal(known[name], weight) for name, weight in drawn.items() if weight.std() > 0
    )
    for name in (SCRATCH, TINY):
        assert (starts[name] / "vocab.txt").is_file() or (starts[name] / "tokenizer.json").is_file()
    assert write_starts(bert, tmp_path) == starts
    assert starts[MINILM] == bert


def test_every_row_has_a_recipe_that_names_its_columns() -> None:
    for row in ROWS.values():
        told = read_toml(row.recipe)
        assert {told["text_column"], told["pair_column"]} < {"en", "de", "zh"}
        assert ("layers" in told) == (row.teacher is not None)
        assert row.teacher is None or row.teacher in ROWS
