"""edgebert's bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import edgebert
from benchmarks.translation.speed.engines.engine import Options


class Bundle:
    """A bundle that was loaded."""

    def __init__(self, model: Path, options: Options) -> None:
        self._model = edgebert.load(model, kernels=str(options["kernels"]))

    def translate(
        self, texts: Sequence[str], *, beams: int, longest: int | None, options: Options
    ) -> list[str]:
        found = self._model.translate(list(texts), beam=beams, max_length=longest)
        return [one.text for one in found]


def open_engine(model: Path, options: Options) -> Bundle:
    """Load a bundle; `kernels` is as of `edgebert.load`."""
    return Bundle(model, options)
