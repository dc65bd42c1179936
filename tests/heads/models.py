"""The models of this tier: by which recipe each is trained, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Head:
    """A model that is trained from all-MiniLM-L6-v2 in a minute or two.

    Attributes:
        name: what it is.
        task: of `edgebert finetune`.
        train, test: files, relative to the data sets or to what the benchmark of training carves
            from them.
        options: of the same, as they stand on a command line.
        least: of the metric on `test`, in points: far above what chance or a stub would reach.
        drop: the most that int8 may lose of it.
    """

    name: str
    task: str
    train: str
    test: str
    options: tuple[str, ...]
    least: float
    drop: float


HEADS = {
    head.name: head
    for head in (
        Head(
            "tagger",
            "token-classification",
            "wnut17/train.conll",
            "wnut17/test.conll",
            ("--epochs", "4", "--batch-size", "16", "--learning-rate", "3e-4"),
            least=28.0,
            drop=2.0,
        ),
        Head(
            "reranker",
            "reranking",
            "quora/dev.tsv.gz",
            "quora/test.tsv.gz",
            ("--epochs", "1", "--limit", "4000", "--learning-rate", "1e-4"),
            least=75.0,
            drop=1.0,
        ),
        Head(
            "reader",
            "question-answering",
            "carved/tydiqa/train.jsonl",
            "carved/tydiqa/test.jsonl",
            ("--epochs", "2", "--batch-size", "16", "--learning-rate", "3e-4"),
            least=40.0,
            drop=2.0,
        ),
    )
}
