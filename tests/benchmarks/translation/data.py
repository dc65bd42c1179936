"""What rows need and no data set has: encoders without a BERT's knowledge, and a split of Tatoeba."""

from __future__ import annotations

import csv
import gzip
import hashlib
from pathlib import Path

import torch
import transformers

from benchmarks.carved import CARVED
from benchmarks.translation.rows import BILINGUAL, MINILM, SCRATCH, TINY
from edgebert.checkpoint import open_checkpoint
from edgebert.training.models import load_tokenizer

_SEED = 42
_HELD_OUT = 50  # of so many English sentences one is of dev, and one of test
_TATOEBA = ("en", "zh")


def write_starts(minilm: Path, folder: Path) -> dict[str, Path]:
    """The models that rows start from, by name; those with random weights are drawn once.

    The BERT of two languages is pretrained where a row needs it.
    """
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
        BILINGUAL: folder / BILINGUAL,
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


def carve_tatoeba(data: Path, folder: Path) -> None:
    """Write a split of Tatoeba below `folder`/carved, the same every time.

    A fiftieth to choose by and a fiftieth to measure on, by the English sentence: so none is in two
    of them with different translations, and of one that has several, dev and test have the first.
    From Chinese, `dev_from_zh` and `test_from_zh` are those of them whose Chinese sentence is not in
    train either, where it may translate another English one.

    `corpus.txt` has for each pair of train a document of both sentences. A BERT that is pretrained
    of it is asked of each two sentences whether they are translations, and guesses words of one by
    the other (Conneau & Lample 2019, "Cross-lingual Language Model Pretraining").
    """
    target = folder / CARVED / "tatoeba"
    parts: dict[str, dict[str, list[str]]] = {"test": {}, "dev": {}, "train": {}}
    with gzip.open(data / "tatoeba_en_zh/all.tsv.gz", "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            english, chinese = (row[column] for column in _TATOEBA)
            hashed = int(hashlib.sha256(english.lower().encode()).hexdigest(), 16) % _HELD_OUT
            part = parts[{0: "test", 1: "dev"}.get(hashed, "train")]
            part.setdefault(english, []).append(chinese)
    target.mkdir(parents=True, exist_ok=True)
    pairs = {
        name: [
            (english, chinese)
            for english, found in part.items()
            for chinese in (found if name == "train" else found[:1])
        ]
        for name, part in parts.items()
    }
    seen = {chinese for _, chinese in pairs["train"]}
    for name in ("dev", "test"):
        pairs[f"{name}_from_zh"] = [pair for pair in pairs[name] if pair[1] not in seen]
    for name, found in pairs.items():
        _write_pairs(target / f"{name}.tsv", found)
    documents = "".join(f"{english}\n{chinese}\n\n" for english, chinese in pairs["train"])
    (target / "corpus.txt").write_text(documents, encoding="utf-8")


def _write_pairs(path: Path, pairs: list[tuple[str, str]]) -> None:
    lines = ("\t".join(row) + "\n" for row in (_TATOEBA, *pairs))
    path.write_text("".join(lines), encoding="utf-8")
