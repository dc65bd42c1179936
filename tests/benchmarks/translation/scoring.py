"""What translations of a test are worth, by sacrebleu."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.translation.record import Measured
from edgebert.measures.bleu import sacrebleu, translation_scores, word_tokenizer


def scored(
    test: str,
    by: str,
    beams: int,
    written: Sequence[str],
    right: Sequence[str],
    seconds: float,
) -> Measured:
    """Score translations.

    Args:
        test: name of the file.
        by: what wrote them.
        beams: 1 is greedy.
        written: translations.
        right: for each the one of the file.
        seconds: that it took.
    """
    words = word_tokenizer(right)
    counted = sacrebleu().BLEU(tokenize=words, force=True)
    found = counted.corpus_score(list(written), [list(right)])
    scores = translation_scores(written, right)
    return Measured(
        test=test,
        by=by,
        beams=beams,
        bleu=scores["bleu"],
        bleu_lower_case=scores["bleu_lower_case"],
        chrf=scores["chrf"],
        length_ratio=found.sys_len / found.ref_len,
        signature=str(counted.get_signature()),
        seconds=seconds,
    )
