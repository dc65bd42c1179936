"""What a run leaves behind, for `-o record.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from calibration.record import MIN, P01

from edgebert.records.checked import Cosine
from edgebert.records.header import Header
from edgebert.records.manifest import Count

_PEAK_GB = 3.0  # of a quantization
_SIZE_MB = 126.0  # a quarter, and two layers that may stay floats
_DROP = 0.1  # of Spearman's rank correlation, in points
_LEAST = Cosine(mean=0.9986, p01=0.9955, min=MIN)
"""On STS-B test: on average and for 99 of 100 what scheme `auto` came to before its search was made
faster. Which of 2,758 texts is the worst depends on which forms were timed as fast: it is held to what
is promised of any kind of text."""


@dataclass(frozen=True)
class Step:
    """What a command cost: by the clock, of all threads, and the most memory it had."""

    seconds: float
    cpu_seconds: float
    peak_gb: float


@dataclass(frozen=True, kw_only=True)
class MpnetRecord(Header):
    """One run.

    Attributes:
        coverage: fused operators, found and expected.
        off_by: largest difference to PyTorch.
        forms: how many int8 layers have which form.
        spearman: of the pairs of STS-B test, in points: floats, int8.
        cosine: of int8 to floats, on STS-B test.
        kinds: the same on each kind of text; STS-B calibrated.
    """

    record: str = "test-mpnet"
    export: Step
    quantize: Step
    coverage: dict[str, Count]
    off_by: float
    forms: dict[str, int]
    fp32_mb: float
    int8_mb: float
    spearman: tuple[float, float]
    cosine: Cosine
    kinds: dict[str, Cosine]

    def broken(self) -> Iterator[str]:
        """A sentence for each bound that does not hold."""
        for part, count in self.coverage.items():
            if count.found < count.expected:
                yield f"{part} is fused in {count.found} of {count.expected} places"
        if self.quantize.peak_gb > _PEAK_GB:
            yield f"quantize took {self.quantize.peak_gb:.2f} GB, more than {_PEAK_GB:g}"
        if self.int8_mb > _SIZE_MB:
            yield f"the int8 bundle has {self.int8_mb:.1f} MB, more than {_SIZE_MB:g}"
        floats, int8 = self.spearman
        if not floats - int8 <= _DROP:
            yield f"STS-B: Spearman {floats:.2f} became {int8:.2f}, more than {_DROP} points less"
        yield from _below("STS-B test", vars(self.cosine), vars(_LEAST))
        for kind, cosine in self.kinds.items():
            yield from _below(kind, vars(cosine), {"p01": P01, "min": MIN})


def _below(where: str, found: Mapping[str, float], least: Mapping[str, float]) -> Iterator[str]:
    for name, bound in least.items():
        if not found[name] >= bound:  # so that a nan is broken too
            yield f"{where}: cosine to the floats {found[name]:.4f} ({name}), below {bound:g}"
