"""Does a text's answer depend on what runs beside it, or on the padding behind it?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edgebert.data import Text
from edgebert.drift.distances import cosines
from edgebert.drift.sources import Probe, TextModel
from edgebert.records.checked import Invariance
from edgebert.runtimes.answers import Array

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
    pairs = []
    for text in _spread(texts, _PADDED_SAMPLE):
        inputs = probe.encode([text])
        length = inputs["input_ids"].shape[1]
        plain = probe.run(inputs)[probe.output_name][0]
        for extra in _PADDING:
            if length + extra > model.max_length:
                continue
            padded = {name: np.pad(ids, ((0, 0), (0, extra))) for name, ids in inputs.items()}
            row = probe.run(padded)[probe.output_name][0]
            pairs.append((plain, row[:length] if row.ndim == 2 else row))
    return _invariance(pairs)


def _spread(texts: Sequence[Text], wanted: int) -> list[Text]:
    return list(texts[:: max(1, len(texts) // wanted)][:wanted])


def _invariance(pairs: Iterable[tuple[Array, Array]]) -> Invariance:
    rows = [(a.reshape(1, -1), b.reshape(1, -1)) for a, b in pairs if a.size]
    return Invariance(
        min_cosine=min((float(cosines(a, b)[0]) for a, b in rows), default=1.0),
        max_abs=max((float(np.abs(a - b).max()) for a, b in rows), default=0.0),
    )
