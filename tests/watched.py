"""Servers of the tests that watch drift, and bundles that have drifted."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from served import Here, served_here

from edgebert.bundle import open_bundle, seal
from edgebert.records.live_drift import LiveDrift
from edgebert.runtimes import load
from edgebert.runtimes.golden import kept, write_golden
from edgebert.serving.models import Source


def other_weights(bundle: Path, folder: Path, *, spread: float = 0.2, seed: int = 1) -> Path:
    """A bundle of the same names and promises whose weights were moved; its golden texts are its own.

    Args:
        bundle: a float bundle.
        folder: where the other one goes.
        spread: of the noise, as a share of that of each weight.
        seed: of the noise.
    """
    shutil.copytree(bundle, folder)
    random = np.random.default_rng(seed)
    model = onnx.load(folder / "model.onnx")
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.ndim == 2 and values.dtype == np.float32:
            noise = random.normal(0, spread * values.std(), values.shape)
            weight.CopyFrom(numpy_helper.from_array((values + noise).astype("f4"), weight.name))
    onnx.save(model, folder / "model.onnx")
    manifest, before = open_bundle(bundle).manifest, open_bundle(bundle).golden()
    with load(seal(folder, manifest).path) as moved:
        texts = [text.as_text for text in before.texts]
        answers = [kept(output, before.columns) for output in moved.outputs(texts)]
        write_golden(moved, texts, answers, before.texts[0].tolerance, before.columns)
    return seal(folder, manifest).path


@contextmanager
def watched_here(
    bundles: Mapping[str, Path], references: Mapping[str, Path], *, shadow: float = 1.0
) -> Iterator[Here]:
    """Bundles behind the application in this process, compared with their references."""
    given = tuple(Source(name, path) for name, path in references.items())
    with (
        served_here(bundles, references=given, shadow=shadow) as here,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("edgebert.serving.drift.comparer._NICENESS", 0)  # else others' work counts
        for served in here.server.served:
            here.server.drift.watch(served)
        yield here
        here.server.drift.close()


def found_of(here: Here, texts: int, name: str | None = None) -> LiveDrift:
    """What is known of a bundle, once so many texts of it were looked at."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for found in here.server.drift.record().models:
            compared = found.compared.n if found.compared else 0
            if name in (None, found.model) and compared + found.skipped + found.failed >= texts:
                return found
        time.sleep(0.005)
    raise AssertionError(here.server.drift.record())
