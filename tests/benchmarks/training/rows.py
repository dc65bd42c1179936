"""The models of the table: what each is trained on, measured on, and held against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebert.data import Columns
from edgebert.toml_files import read_toml

RECIPES = Path(__file__).parent / "recipes"

MINILM, MPNET = "all-MiniLM-L6-v2", "all-mpnet-base-v2"
"""The models that rows start from."""


@dataclass(frozen=True)
class Row:
    """One model. Paths are relative to the data sets, or to the folder of what `data.py` carves.

    Attributes:
        name: of the row, and of its recipe's file.
        train, dev: what it learns from, and what chooses the weights.
        test: what it is measured on; of SST-2 the labels of GLUE's test were never published, so
            there, as everywhere in print, it is dev.
        metric: the name of the figure, as `edgebert check` has it.
        goal: the least it should be.
        drop: the most that int8 may lose of it.
        anchor: what others reached, and how.
        also: other files that the checkpoint is measured on.
        start: the model that it is trained from, or that a student is cut from.
        teacher: the row, or the model, that it is distilled from; None where it is no student.
        texts: what a student learns without labels.
        trims: the texts that its vocabulary is trimmed for.
        share: the least it should be of its teacher's figure.
        corpus: the text of which a BERT is pretrained that it starts from, and not from `start`.
        parts: names of further metrics that are told.
    """

    name: str
    train: str | None
    dev: str | None
    test: str
    metric: str
    goal: float | None
    drop: float
    anchor: str
    also: tuple[str, ...] = ()
    start: str = MINILM
    teacher: str | None = None
    texts: str | None = None
    trims: str | None = None
    share: float | None = None
    corpus: str | None = None
    parts: tuple[str, ...] = ()

    @property
    def recipe(self) -> Path:
        return RECIPES / f"{self.name}.toml"

    @property
    def pretraining(self) -> Path:
        """The recipe of the BERT that it starts from, where it has a corpus."""
        return RECIPES / f"{self.name}-start.toml"

    @property
    def columns(self) -> Columns:
        """Of its files, as the recipe names them."""
        told = read_toml(self.recipe)
        return Columns(told.get("text_column"), told.get("pair_column"))

    @property
    def files(self) -> tuple[str, ...]:
        """All that it reads."""
        named = (self.train, self.dev, self.test, *self.also, self.texts, self.trims, self.corpus)
        return tuple(file for file in named if file is not None)


_BOTH_WAYS = ("accuracy_at_1_forward", "accuracy_at_1_back")

ROWS = {
    row.name: row
    for row in (
        Row(
            "sst2",
            "sst2/train.tsv.gz",
            "sst2/dev.tsv",
            "sst2/dev.tsv",
            "accuracy",
            90.5,
            0.3,
            "MiniLM-L6-H384 91.5",
            also=("sst2/test.tsv",),
        ),
        Row(
            "stsb",
            "stsb/train.tsv",
            "stsb/dev.tsv",
            "stsb/test.tsv",
            "spearman",
            84.5,
            0.1,
            "82.03 before training",
            also=("sick/test.tsv",),
        ),
        Row(
            "wnut17",
            "wnut17/train.conll",
            "wnut17/dev.conll",
            "wnut17/test.conll",
            "entity_f1",
            41.0,
            0.5,
            "DistilBERT 35 to 43",
        ),
        Row(
            "banking77",
            "carved/banking77/train.tsv",
            "carved/banking77/dev.tsv",
            "banking77/test.tsv",
            "accuracy",
            92.5,
            0.3,
            "DistilBERT 92.5",
        ),
        Row(
            "clinc150",
            "clinc150/train.tsv",
            "clinc150/dev.tsv",
            "clinc150/dev.tsv",
            "accuracy",
            95.0,
            0.3,
            "MiniLMv2-L12 95.3",
            also=("clinc150/test.tsv",),
        ),
        Row(
            "scifact",
            "carved/scifact",
            "carved/scifact",
            "scifact",
            "ndcg@10",
            68.0,
            0.5,
            "MiniLM 64.5 before, BM25 66.8",
        ),
        Row(
            "tydiqa",
            "carved/tydiqa/train.jsonl",
            "carved/tydiqa/dev.jsonl",
            "carved/tydiqa/test.jsonl",
            "f1",
            None,
            0.5,
            "mBERT 75.3 on the published dev",
        ),
        Row(
            "sst2-mpnet",
            "carved/sst2/train.tsv",
            "sst2/dev.tsv",
            "sst2/dev.tsv",
            "accuracy",
            None,
            0.3,
            "the teacher of sst2-3",
            also=("sst2/test.tsv",),
            start=MPNET,
        ),
        Row(
            "sst2-3",
            "sst2/train.tsv.gz",
            "sst2/dev.tsv",
            "sst2/dev.tsv",
            "accuracy",
            89.0,
            0.3,
            "DistilBERT4 91.4 (test)",
            also=("sst2/test.tsv",),
            teacher="sst2-mpnet",
        ),
        Row(
            "stsb-3",
            None,
            None,
            "stsb/test.tsv",
            "spearman",
            81.0,
            0.1,
            "82.03 with 6 layers",
            also=("sick/test.tsv",),
            teacher=MINILM,
            texts="carved/sentences/texts.txt",
        ),
        Row(
            "stsb-2",
            None,
            None,
            "stsb/test.tsv",
            "spearman",
            None,
            0.1,
            "82.03 with 6 layers",
            teacher=MINILM,
            texts="carved/sentences/texts.txt",
            trims="carved/sentences/common.txt",
            share=0.97,
        ),
        Row(
            "wnut17-3",
            "wnut17/train.conll",
            "wnut17/dev.conll",
            "wnut17/test.conll",
            "entity_f1",
            None,
            0.5,
            "its teacher",
            teacher="wnut17",
            texts="carved/names/texts.txt",
            share=0.95,
        ),
        Row(
            "banking77-3",
            "carved/banking77/train.tsv",
            "carved/banking77/dev.tsv",
            "banking77/test.tsv",
            "accuracy",
            None,
            0.5,
            "its teacher",
            teacher="banking77",
            share=0.985,
        ),
        Row(
            "clinc150-3",
            "clinc150/train.tsv",
            "clinc150/dev.tsv",
            "clinc150/dev.tsv",
            "accuracy",
            None,
            0.5,
            "its teacher",
            also=("clinc150/test.tsv",),
            teacher="clinc150",
            share=0.985,
        ),
        Row(
            "scifact-3",
            None,
            None,
            "scifact",
            "ndcg@10",
            None,
            0.5,
            "its teacher",
            teacher="scifact",
            texts="carved/scifact/texts.txt",
            share=0.95,
        ),
        Row(
            "bitext-multi30k",
            "multi30k/train.tsv.gz",
            "multi30k/val.tsv",
            "multi30k/test_2016_flickr.tsv",
            "accuracy_at_1",
            None,
            0.5,
            "",
            also=("multi30k/test_2017_flickr.tsv",),
            parts=_BOTH_WAYS,
        ),
        Row(
            "bitext-tatoeba",
            "carved/tatoeba/train.tsv",
            "carved/tatoeba/dev.tsv",
            "carved/tatoeba/test.tsv",
            "accuracy_at_1",
            None,
            0.5,
            "a BERT of its own vocabulary",
            corpus="carved/tatoeba/corpus.txt",
            parts=_BOTH_WAYS,
        ),
        Row(
            "bitext-tatoeba-minilm",
            "carved/tatoeba/train.tsv",
            "carved/tatoeba/dev.tsv",
            "carved/tatoeba/test.tsv",
            "accuracy_at_1",
            None,
            0.5,
            "64 % of its Chinese tokens are [UNK]",
            parts=_BOTH_WAYS,
        ),
    )
}
