"""One cell of the table: a bundle calibrated on texts of one kind, and its drift on all kinds."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from calibration.layer_times import layer_times_of
from calibration.record import Cell
from edgebert.arrays import Array
from edgebert.measures.similarity import cosines
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.checked import Cosine
from edgebert.records.made import QuantizeRecord
from edgebert.runtimes import Model, load

HERE = "here"
"""Layers are timed on this machine, as `edgebert quantize` does."""


class Measure:
    """The vectors of a float bundle, to hold int8 bundles against.

    Args:
        floats: the bundle.
        texts: of each kind.
    """

    def __init__(self, floats: Model, texts: Mapping[str, Sequence[str]]) -> None:
        self._texts = texts
        self._vectors = {kind: _vectors(floats, some) for kind, some in texts.items()}

    def drift(self, model: Model) -> dict[str, Cosine]:
        """Cosines of a model's vectors to those of the floats, on each kind."""
        found = {
            kind: cosines(self._vectors[kind], _vectors(model, some))
            for kind, some in self._texts.items()
        }
        return {
            kind: Cosine(float(c.mean()), float(np.percentile(c, 1)), float(c.min()))
            for kind, c in found.items()
        }


def make_cell(
    floats: Path, measure: Measure, cpu_class: str, kind: str, texts: Sequence[str]
) -> Cell:
    """Quantize a float bundle with texts of one kind, and measure it on all.

    Args:
        floats: the bundle.
        measure: what is measured.
        cpu_class: one of `CPU_CLASSES`, or `HERE`.
        kind: of the texts.
        texts: what calibrates.
    """
    timed = nullcontext() if cpu_class == HERE else layer_times_of(cpu_class)
    with tempfile.TemporaryDirectory() as folder, timed:
        file, bundle = Path(folder) / f"{kind}.txt", Path(folder) / "int8"
        file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        started = time.perf_counter()
        record = quantize_bundle(floats, bundle, options=QuantizeOptions(calibration=file))
        seconds = time.perf_counter() - started
        drift = measure.drift(load(bundle))
        return Cell(cpu_class, kind, len(texts), forms_of(record), drift, seconds)


def forms_of(record: QuantizeRecord) -> dict[str, int]:
    """How many products have which form; tables of embeddings do not count."""
    decisions = (re.split(", ", layer.decision)[-1] for layer in record.layers)
    return dict(Counter(form for form in decisions if form != "int8 rows"))


def _vectors(model: Model, texts: Sequence[str]) -> Array:
    return np.stack(list(model.embed(list(texts))))
