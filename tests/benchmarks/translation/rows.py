"""The translators of the table: what each learns, and what it is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RECIPES = Path(__file__).parent / "recipes"

MINILM, SCRATCH, TINY, BILINGUAL = "all-MiniLM-L6-v2", "scratch", "tiny", "bitext-tatoeba-start"
"""What rows start from: the published weights, the same architecture with random ones, a small one
with random ones, and a BERT of English and Chinese, by its recipe among `benchmarks.training`'s."""

BILINGUAL_CORPUS = "carved/tatoeba/corpus.txt"
"""What the last is pretrained of."""

_MULTI30K = ("multi30k/test_2016_flickr.tsv", "multi30k/test_2017_flickr.tsv")
_COCO = "multi30k/test_2017_mscoco.tsv"


@dataclass(frozen=True)
class Row:
    """One model. Paths are relative to the data sets, or to the folder of what `data.py` carves.

    Attributes:
        name: of the row, and of its recipe's file.
        train, dev: what it learns from, and what chooses the weights.
        tests: what it is measured on; the first has the goal.
        metric: of the goal: `bleu` or `bleu_lower_case`, by 4 beams.
        goal: the least it should be; None where it is only told.
        anchor: what others reached, and how.
        start: what it begins with.
        teacher: the row that it is distilled from; None where it is no student.
    """

    name: str
    train: str
    dev: str
    tests: tuple[str, ...]
    metric: str
    goal: float | None
    anchor: str
    start: str = MINILM
    teacher: str | None = None

    @property
    def recipe(self) -> Path:
        return RECIPES / f"{self.name}.toml"


def _multi30k(
    name: str,
    goal: float | None,
    anchor: str,
    *,
    start: str = MINILM,
    teacher: str | None = None,
) -> Row:
    return Row(
        name,
        "multi30k/train.tsv.gz",
        "multi30k/val.tsv",
        (*_MULTI30K, _COCO),
        "bleu_lower_case",
        goal,
        anchor,
        start,
        teacher,
    )


ROWS = {
    row.name: row
    for row in (
        _multi30k("multi30k", 38.0, "Transformer-tiny 41.0, lower-cased and tokenised"),
        _multi30k("multi30k-1", None, "its teacher, of two layers", teacher="multi30k"),
        _multi30k("multi30k-scratch", None, "the same without a BERT", start=SCRATCH),
        _multi30k("multi30k-tiny", None, "Transformer-tiny 41.0, published", start=TINY),
        Row(
            "tatoeba",
            "carved/tatoeba/train.tsv",
            "carved/tatoeba/dev.tsv",
            ("carved/tatoeba/test.tsv",),
            "bleu",
            15.0,
            "opus-mt-en-zh 31.4, of another test",
        ),
        Row(
            "tatoeba-zh-en",
            "carved/tatoeba/train.tsv",
            "carved/tatoeba/dev_from_zh.tsv",
            ("carved/tatoeba/test_from_zh.tsv",),
            "bleu",
            None,
            "opus-mt-zh-en 36.1, of another test",
            start=BILINGUAL,
        ),
    )
}
