"""How near translations are to those of people: BLEU and chrF, as sacrebleu counts them.

Post 2018, "A Call for Clarity in Reporting BLEU Scores"; Popović 2015, "chrF".
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from edgebert.errors import MissingExtra
from edgebert.training.loop.objective import Scores

BLEU = "bleu"
METRICS = (BLEU, "bleu_lower_case", "chrf")

_CHINESE, _WESTERN = "zh", "13a"


def translation_scores(written: Sequence[str], right: Sequence[str]) -> Scores:
    """Corpus BLEU with its case and without, and chrF, in points.

    Args:
        written: translations.
        right: for each the one of the file.

    Raises:
        MissingExtra: sacrebleu is not installed.
    """
    score = sacrebleu()
    words = word_tokenizer(right)
    refs = [list(right)]
    return {
        BLEU: score.corpus_bleu(list(written), refs, tokenize=words, force=True).score,
        METRICS[1]: score.corpus_bleu(
            list(written), refs, tokenize=words, lowercase=True, force=True
        ).score,
        METRICS[2]: score.corpus_chrf(list(written), refs).score,
    }


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
        raise MissingExtra("--dev of a translation", "translation") from error
