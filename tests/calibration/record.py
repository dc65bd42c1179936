"""What a run leaves behind, for `-o record.json`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgebert.records.checked import Cosine
from edgebert.records.header import Header

P01, MIN = 0.990, 0.980
"""The least cosines to the floats, on texts of any kind that did not calibrate."""


@dataclass(frozen=True)
class Cell:
    """A bundle that texts of one kind calibrated.

    Attributes:
        layer_times: the class of CPU whose times decided the mixture; "here" for this machine's.
        kind: of the texts that calibrated.
        texts: how many there were.
        forms: how many layers have which form.
        drift: of the bundle on texts of each kind.
        seconds: to quantize it.
    """

    layer_times: str
    kind: str
    texts: int
    forms: dict[str, int]
    drift: dict[str, Cosine]
    seconds: float

    def broken(self) -> Iterator[str]:
        """A sentence for each other kind on which the bundle is too far from the floats."""
        for kind, cosine in self.drift.items():
            if kind != self.kind and not (cosine.p01 >= P01 and cosine.min >= MIN):
                yield (
                    f"calibrated on {self.texts} texts of {self.kind} ({self.layer_times}): on "
                    f"{kind} cosine {cosine.p01:.4f} for 99 of 100, {cosine.min:.4f} at worst"
                )


@dataclass(frozen=True, kw_only=True)
class CalibrationRecord(Header):
    """`measured`: texts of each kind that the drift is of."""

    record: str = "test-calibration"
    measured: int
    cells: tuple[Cell, ...]
    seconds: float
