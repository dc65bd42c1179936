"""`golden.json`: texts with the answers a bundle promised where it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tolerance:
    """Largest relative L2 distance, ||answer - promised|| / ||promised||, that still agrees."""

    reference: float
    expected: float


@dataclass(frozen=True)
class GoldenText:
    """One text, its tokens and its answers.

    Attributes:
        text: the text, or a list of two that are read as a pair.
        reference: fp32 output of the checkpoint in PyTorch.
        expected: output of this bundle where it was made.
        kernels: the same where kernels run it, with the digits that give every float32 back; None
            where that was not measured.

    Of fill-mask both hold the logits at the mask, and of those only the `columns` of the file.
    """

    text: Any
    input_ids: tuple[int, ...]
    attention_mask: tuple[int, ...]
    reference: Any
    expected: Any
    tolerance: Tolerance
    kernels: Any = None

    @property
    def as_text(self) -> str | tuple[str, str]:
        return self.text if isinstance(self.text, str) else (self.text[0], self.text[1])


@dataclass(frozen=True)
class Golden:
    """The texts of a bundle; `cpu_class` and `onnxruntime` say where `expected` was computed.

    Attributes:
        columns: which numbers of an answer's last axis are kept; all where there are none given.
            A row of logits over a vocabulary would be megabytes.
    """

    format: int
    cpu_class: str
    onnxruntime: str
    texts: tuple[GoldenText, ...]
    columns: tuple[int, ...] = ()
