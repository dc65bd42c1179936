"""The models of the table: what each is trained on, measured on, and held against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RECIPES = Path(__file__).parent / "recipes"


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
    """

    name: str
    train: str
    dev: str
    test: str
    metric: str
    goal: float | None
    drop: float
    anchor: str
    also: tuple[str, ...] = ()

    @property
    def recipe(self) -> Path:
        return RECIPES / f"{self.name}.toml"


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
    )
}
