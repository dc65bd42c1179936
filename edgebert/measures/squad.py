"""Exact match and F1 of answers to questions, as SQuAD and MLQA count them.

Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text";
Lewis et al. 2020, "MLQA: Evaluating Cross-lingual Extractive Question Answering".
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Kana and Chinese characters, which are written without spaces between words."""


def exact_match(predicted: str, answers: Sequence[str]) -> float:
    """1 where the prediction equals one of the answers, else 0 (case and punctuation aside).

    A question without an answer is answered right by an empty prediction.
    """
    return max(float(a == b) for a, b in _sides(predicted, answers))


def token_f1(predicted: str, answers: Sequence[str]) -> float:
    """F1 of the words (Chinese and Japanese: characters) shared with the best of the answers."""
    return max(_overlap(a, b) for a, b in _sides(predicted, answers))


def answer_disagreement(
    reference: Sequence[str], candidate: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """How far two sides' answers are from each other.

    Returns:
        1 - F1 of each pair of answers, float64 [n], and whether they differ (0 or 1) beside the 1
        decision that each is, int64 [n, 2].
    """
    pairs = list(zip(reference, candidate, strict=True))
    distances = [1 - token_f1(after, [before]) for before, after in pairs]
    return np.asarray(distances), np.asarray([(int(a != b), 1) for a, b in pairs], np.int64)


def _sides(predicted: str, answers: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Tokens of the prediction and of each answer, both split in the answer's way."""
    pairs = []
    for answer in answers or ("",):
        split = _characters if _UNSPACED.search(answer or predicted) else _words
        pairs.append((split(predicted), split(answer)))
    return pairs


def _overlap(predicted: list[str], answer: list[str]) -> float:
    if not predicted or not answer:
        return float(predicted == answer)
    shared = sum((Counter(predicted) & Counter(answer)).values())
    return 2 * shared / (len(predicted) + len(answer))


def _words(text: str) -> list[str]:
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return _ARTICLES.sub(" ", kept).split()


def _characters(text: str) -> list[str]:
    """Each unspaced character by itself, and what stands between them word by word."""
    kept = "".join(character for character in text.lower() if not _is_punctuation(character))
    return _UNSPACED.sub(lambda match: f" {match[0]} ", kept).split()


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
