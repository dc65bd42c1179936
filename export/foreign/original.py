"""A graph as it came, and what it can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from edgebert.errors import InputError
from edgebert.export.foreign.graph import (
    LONGEST,
    EncoderSession,
    open_plainly,
    read_model,
    vocabulary_size,
)
from edgebert.export.foreign.parity import OutputReading, read_outputs
from edgebert.export.parity.batches import Batch, Ids, InputSpace, parity_batches

_NO_TEXTS = {name: np.zeros((0, 1), np.int64) for name in ("input_ids", "attention_mask")}


@dataclass(frozen=True)
class Original:
    """A graph as it came.

    Attributes:
        longest: most tokens that it takes, as far as was tried.
        reading: which outputs it has, and how they are compared.
    """

    path: Path
    model: onnx.ModelProto
    session: EncoderSession
    longest: int
    reading: OutputReading

    def require_length(self, max_length: int) -> None:
        """Say no to a length that the graph does not take.

        Raises:
            InputError: it takes fewer tokens.
        """
        if self.longest < min(max_length, LONGEST):
            raise InputError(
                f"{self.path} takes at most {self.longest} tokens, not {max_length}: "
                f"add --max-length {self.longest}"
            )

    def matrix(
        self,
        max_length: int,
        *,
        names: tuple[str, ...] | None = None,
        pad_id: int = 0,
        texts: Mapping[str, Ids] = _NO_TEXTS,
    ) -> tuple[Batch, ...]:
        """The batches of an export's matrix; without padding where the graph takes no mask.

        Args:
            max_length: longest input in tokens.
            names: of the inputs; by default those that the graph takes.
            pad_id: stands where nothing is.
            texts: tokens of real texts, int64 [texts, tokens], padded.
        """
        space = InputSpace(
            names=names or self.session.names,
            vocabulary_size=vocabulary_size(self.model),
            pad_id=pad_id,
            max_length=max_length,
            fixed_shape=self.session.fixed_shape,
        )
        batches = parity_batches(space, texts)
        return tuple(b for b in batches if self.session.takes_mask or b.mask.all())


def open_original(path: Path) -> Original:
    """Read a graph and find out what it takes and gives.

    Raises:
        InputError: it is no float graph of a text encoder.
    """
    model = read_model(path)
    session = EncoderSession(open_plainly(path))
    return Original(path, model, session, session.longest(), read_outputs(session))
