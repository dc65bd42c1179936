"""What a run leaves behind, for `-o record.json`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgebert.records.checked import Cosine
from edgebert.records.header import Header


@dataclass(frozen=True)
class Bounds:
    """The least that cosines to the native vectors may be: their mean, and their 1st percentile."""

    mean: float
    p01: float


@dataclass(frozen=True)
class Agreement:
    """One bundle on one device, as one reader reads it.

    Attributes:
        cpu_class: what the device calls its own CPU (see `edgebert.machine`).
        to_native: cosines of its vectors to those of edgebert on this machine.
        to_fp32: to those of the fp32 bundle on this machine; None where none was given.
        bounds: what `to_native` is held to; None where it is only shown.
        same_bits: whether native kernels answer as they do on this machine, to the bit; None
            for other readers, and where the bundle does not promise it.
        seconds: to load and to embed all texts.
    """

    bundle: str
    device: str
    cpu_class: str
    python: str
    onnxruntime: str
    reader: str
    to_native: Cosine
    to_fp32: Cosine | None
    bounds: Bounds | None
    seconds: float
    same_bits: bool | None = None

    def broken(self) -> Iterator[str]:
        """A sentence for each bound that does not hold."""
        if self.same_bits is False:
            yield f"{self.bundle} on {self.device}: kernels answer in other bits than on this machine"
        if self.bounds is None:
            return
        for name, value, bound in (
            ("mean", self.to_native.mean, self.bounds.mean),
            ("p01", self.to_native.p01, self.bounds.p01),
        ):
            if not value >= bound:  # so that a nan is broken too
                yield (
                    f"{self.bundle} on {self.device}: the {name} cosine to the native vectors is "
                    f"{value:.5f}, below {bound}"
                )


@dataclass(frozen=True, kw_only=True)
class DevicesRecord(Header):
    """`long`: texts of 128 tokens or more; `tokens`: of all texts, as each reader reads them."""

    record: str = "test-devices"
    texts: int
    long: int
    tokens: int
    source: str
    reference: str | None
    agreements: tuple[Agreement, ...]
    seconds: float
