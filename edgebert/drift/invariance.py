"""Runs of a candidate whose outputs should be equal: beside other texts, and with padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Text
from edgebert.references.sources import Probe, TextModel

_SAMPLE = 64
_PADDED_SAMPLE = 16
_PADDING = (1, 7, 64)  # tokens: one, an odd few, and more than most texts have


def batched_runs(model: TextModel, texts: Sequence[Text]) -> Iterator[tuple[Array, Array]]:
    """The output of each text of a sample alone, beside that of the same text among the others."""
    sample = _spread(texts, _SAMPLE)
    together = model.outputs(sample)
    for text, output in zip(sample, together, strict=True):
        yield model.outputs([text])[0], output


def padded_runs(
    model: TextModel, probe: Probe, texts: Sequence[Text]
) -> Iterator[tuple[Array, Array]]:
    """The output of each text of a sample as it is, beside that with padding behind it."""
    for text in _spread(texts, _PADDED_SAMPLE):
        inputs = probe.encode([text])
        length = inputs["input_ids"].shape[1]
        plain = probe.run(inputs)[probe.output_name][0]
        for extra in _PADDING:
            if length + extra <= model.max_length:
                padded = {name: np.pad(ids, ((0, 0), (0, extra))) for name, ids in inputs.items()}
                row = probe.run(padded)[probe.output_name][0]
                yield plain, row[:length] if row.ndim == 2 else row


def _spread(texts: Sequence[Text], wanted: int) -> list[Text]:
    return list(texts[:: max(1, len(texts) // wanted)][:wanted])
