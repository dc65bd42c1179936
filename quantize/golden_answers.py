"""Golden answers of an int8 bundle: texts and references stay, the expected answers are new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgebert.bundle import Bundle
from edgebert.records.golden import Golden, Tolerance
from edgebert.runtimes import Model
from edgebert.runtimes.golden import (
    every_bit,
    golden_distance,
    kept,
    write_golden,
)
from edgebert.text.encoding import Text

_EXPECTED = 0.05
"""Relative distance within which int8 answers of another CPU class count as the same: a rounding
that tips there moves MiniLM embeddings by up to .03."""


def take_golden_answers(
    original: Bundle, quantized: Model, kernels: Model | None = None, web: Model | None = None
) -> None:
    """Write the golden file; its tolerance is what the golden texts were measured to move.

    Args:
        original: has texts and references.
        quantized: the new graph as onnxruntime runs it, whose answers are the expected ones.
        kernels: the same graph as kernels run it, where that was measured.
        web: the same graph in WebAssembly, where it is made for that: to be within the tolerance.
    """
    golden = original.golden()
    texts = [text.as_text for text in golden.texts]
    references = [text.reference for text in golden.texts]
    moved = max(
        _furthest(model, texts, references, golden.columns)
        for model in (quantized, kernels, web)
        if model
    )
    expected = _EXPECTED
    if web:
        answers = [kept(quantized.outputs([text])[0], golden.columns) for text in texts]
        apart = _furthest(web, texts, answers, golden.columns)
        expected = max(expected, float(np.round(1.5 * apart, 3)))
    tolerance = Tolerance(float(np.round(1.5 * moved + _EXPECTED, 3)), expected)
    write_golden(quantized, texts, references, tolerance, golden.columns, kernels)


def with_answers_of_kernels(golden: Golden, kernels: Model) -> Golden:
    """The same golden answers with those of kernels."""
    answers = (kept(kernels.outputs([text.as_text])[0], golden.columns) for text in golden.texts)
    texts = zip(golden.texts, answers, strict=True)
    return replace(
        golden, texts=tuple(replace(text, kernels=every_bit(answer)) for text, answer in texts)
    )


def beyond_reference(golden: Golden, kernels: Model) -> Iterator[str]:
    """A sentence for each text whose answer by kernels is too far from the reference."""
    for text in golden.texts:
        distance = golden_distance(kernels, np.asarray(text.kernels), text.reference)
        if distance > text.tolerance.reference:
            yield (
                f"the golden text {text.text!r} is {distance:.3g} from its reference, and "
                f"{text.tolerance.reference:.3g} is allowed"
            )


def _furthest(
    model: Model, texts: Sequence[Text], references: Sequence[Any], columns: Sequence[int]
) -> float:
    return max(
        golden_distance(model, kept(model.outputs([text])[0], columns), reference)
        for text, reference in zip(texts, references, strict=True)
    )
