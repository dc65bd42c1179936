"""How near translations are to those of people: BLEU and chrF, as sacrebleu counts them.

Post 2018, "A Call for Clarity in Reporting BLEU Scores"; Popović 2015, "chrF".
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from edgebert.errors import MissingExtra
from edgebert.measures.scores import Numbers, Scores

BLEU = "bleu"
METRICS = (BLEU, "bleu_lower_case", "chrf")

_CHINESE, _WESTERN = "zh", "13a"


def translation_scores(written: Sequence[str], right: Sequence[str]) -> dict[str, float]:
    """Corpus BLEU with its case and without, and chrF: `METRICS`, in points; see `score_rows`."""
    return {one.name: one.value for one in score_rows(written, right)}


def score_rows(written: Sequence[str], right: Sequence[str]) -> tuple[Scores, ...]:
    """The same before they are summed up: rows are what sacrebleu counts in each text.

    Its own paired bootstrap makes scores of these too.

    Args:
        written: translations.
        right: for each the one of the file.

    Raises:
        MissingExtra: sacrebleu is not installed.
    """
    package = sacrebleu()
    words = word_tokenizer(right)
    counters = (
        package.BLEU(tokenize=words, force=True),
        package.BLEU(tokenize=words, force=True, lowercase=True),
        package.CHRF(),
    )
    return tuple(
        Scores(name, _counted(counter, written, right), partial(_points, counter))
        for name, counter in zip(METRICS, counters, strict=True)
    )


def word_tokenizer(texts: Sequence[str]) -> str:
    """How sacrebleu finds the words of a language: each Chinese character is one."""
    letters = [letter for text in texts for letter in text if letter.isalpha()]
    chinese = sum("一" <= letter <= "鿿" for letter in letters)
    return _CHINESE if 2 * chinese > len(letters) else _WESTERN


def sacrebleu() -> Any:
    """The package.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module("sacrebleu")
    except ImportError as error:
        raise MissingExtra("the score of a translation", "translation") from error


def counts_translations() -> bool:
    """Whether sacrebleu is installed."""
    try:
        sacrebleu()
    except MissingExtra:
        return False
    return True


def _counted(counter: Any, written: Sequence[str], right: Sequence[str]) -> Numbers:
    """A row of counts for each text, as sacrebleu's `significance` takes them."""
    return np.asarray(counter._extract_corpus_statistics(list(written), [list(right)]), np.int64)


def _points(counter: Any, rows: Numbers) -> float:
    return float(counter._compute_score_from_stats(rows.sum(axis=0).tolist()).score)
