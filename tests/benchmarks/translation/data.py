"""What rows need and no data set has: encoders without a BERT's knowledge, and a split of Tatoeba."""

from __future__ import annotations

import csv
import gzip
import hashlib
from pathlib import Path

import torch
import transformers

from benchmarks.translation.rows import MINILM, SCRATCH, TINY
from edgebert.checkpoint import open_checkpoint
from edgebert.training.models import load_tokenizer

CARVED = "carved"
_SEED = 42
_HELD_OUT = 50  # of so many English sentences one is of dev, and one of test
_TATOEBA = ("en", "zh")


def write_starts(minilm: Path, folder: Path) -> dict[str, Path]:
    """The models that rows start from, by name; those with random weights are drawn once."""
    small = {
        "hidden_size": 128,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "intermediate_size": 256,
    }
    return {
        MINILM: minilm,
        SCRATCH: _without_knowledge(minilm, folder / SCRATCH, {}),
        TINY: _without_knowledge(minilm, folder / TINY, small),
    }


def _without_knowledge(minilm: Path, folder: Path, sizes: dict[str, int]) -> Path:
    """An encoder with random weights and the published tokenizer."""
    if folder.exists():
        return folder
    checkpoint = open_checkpoint(minilm, offline=True)
    torch.manual_seed(_SEED)
    config = transformers.BertConfig(**{**checkpoint.config, **sizes})
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    load_tokenizer(checkpoint).save_pretrained(folder)
    return folder


def carve(name: str, data: Path, folder: Path) -> None:
    """Write what row `name` needs below `folder`/carved, the same every time."""
    if name == "tatoeba":
        _carve_tatoeba(data / "tatoeba_en_zh/all.tsv.gz", folder / CARVED / name)


def path_of(told: str, data: Path, folder: Path) -> Path:
    """Where a row's file lies: among the data sets, or among what was carved."""
    return (folder if told.startswith(f"{CARVED}/") else data) / told


def _carve_tatoeba(source: Path, target: Path) -> None:
    """A fiftieth to choose by and a fiftieth to measure on, by the English sentence.

    So no sentence is in two of them with different translations, and of one that has several, dev and
    test have the first.
    """
    parts: dict[str, dict[str, list[str]]] = {"test": {}, "dev": {}, "train": {}}
    with gzip.open(source, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            english, chinese = (row[column] for column in _TATOEBA)
            hashed = int(hashlib.sha256(english.lower().encode()).hexdigest(), 16) % _HELD_OUT
            part = parts[{0: "test", 1: "dev"}.get(hashed, "train")]
            part.setdefault(english, []).append(chinese)
    target.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        rows = [
            f"{english}\t{chinese}\n"
            for english, found in part.items()
            for chinese in (found if name == "train" else found[:1])
        ]
        text = "\t".join(_TATOEBA) + "\n" + "".join(rows)
        (target / f"{name}.tsv").write_text(text, encoding="utf-8")
