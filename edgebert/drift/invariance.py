"""Does a text's answer depend on what runs beside it, or on the padding behind it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from edgebert.arrays import Array
from edgebert.data import Text
from edgebert.drift.distances import cosines
from edgebert.drift.sources import Probe, TextModel
from edgebert.records.checked import Invariance

_SAMPLE = 64
_PADDED_SAMPLE = 16
_PADDING = (1, 7, 64)  # tokens: one, an odd few, and more than most texts have


def batch_invariance(model: TextModel, texts: Sequence[Text]) -> Invariance:
    """Each text of a sample alone, against the same text among its neighbours."""
    sample = _spread(texts, _SAMPLE)
    together = model.outputs(sample)
    alone = [model.outputs([text])[0] for text in sample]
    return _invariance(zip(alone, together, strict=True))


def padding_invariance(model: TextModel, probe: Probe, texts: Sequence[Text]) -> Invariance:
    """Each text of a sample as it is, against the same text with padding behind it."""
    return _invariance(_padded(model.max_length, probe, _spread(texts, _PADDED_SAMPLE)))


def _padded(max_length: int, probe: Probe, texts: Sequence[Text]) -> Iterator[tuple[Array, Array]]:
    """The output of each text as it is, beside that with padding behind it."""
    for text in texts:
        inputs = probe.encode([text])
        length = inputs["input_ids"].shape[1]
        plain = probe.run(inputs)[probe.output_name][0]
        for extra in _PADDING:
            if length + extra <= max_length:
                padded = {name: np.pad(ids, ((0, 0), (0, extra))) for name, ids in inputs.items()}
                row = probe.run(padded)[probe.output_name][0]
                yield plain, row[:length] if row.ndim == 2 else row


def _spread(texts: Sequence[Text], wanted: int) -> list[Text]:
    return list(texts[:: max(1, len(texts) // wanted)][:wanted])


def _invariance(pairs: Iterable[tuple[Array, Array]]) -> Invariance:
    """One pair after the other: a row of logits for each token is megabytes."""
    cosine, difference = 1.0, 0.0
    for a, b in pairs:
        if a.size:
            cosine = min(cosine, float(cosines(a.reshape(1, -1), b.reshape(1, -1))[0]))
            difference = max(difference, float(np.abs(a - b).max()))
    return Invariance(min_cosine=cosine, max_abs=difference)
