"""Golden answers of an int8 bundle: texts and references stay, the expected answers are new."""

from __future__ import annotations

import numpy as np

from edgebert.bundle import Bundle
from edgebert.records.golden import Tolerance
from edgebert.runtimes import Model
from edgebert.runtimes.golden import kept, relative_distance, write_golden

_EXPECTED = 0.05
"""Relative distance within which int8 answers of another CPU class count as the same: a rounding
that tips there moves MiniLM embeddings by up to .03."""


def take_golden_answers(original: Bundle, quantized: Model) -> None:
    """Write the golden file; its tolerance is what the golden texts were measured to move."""
    golden = original.golden()
    texts = [text.as_text for text in golden.texts]
    references = [text.reference for text in golden.texts]
    moved = max(
        relative_distance(kept(answer, golden.columns), reference)
        for answer, reference in zip(
            (quantized.outputs([text])[0] for text in texts), references, strict=True
        )
    )
    tolerance = Tolerance(reference=float(np.round(1.5 * moved + _EXPECTED, 3)), expected=_EXPECTED)
    write_golden(quantized, texts, references, tolerance, golden.columns)
