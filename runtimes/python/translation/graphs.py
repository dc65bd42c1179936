"""The two graphs of a translator: what reads a source, and what writes a target step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tokenizers

from edgebert.arrays import Array, Integers
from edgebert.bundle import ModelFiles
from edgebert.errors import BundleError
from edgebert.records.manifest import DECODER, ENCODER, Writing
from edgebert.runtimes.batches import micro_batches
from edgebert.runtimes.sessions.engine import Engine

LIKELY = "log_probabilities"

BLOCK = 16
"""Widths of a past and of sources are multiples of it, and never 0: sums of as many lanes have the
same bits, whatever stands behind what counts."""

_CANDIDATES = ("candidates", "candidate_tokens")
"""What kernels give of a step in the place of all log-probabilities."""


@dataclass(frozen=True)
class ReadSource:
    """What the layers of a decoder attend to of a source.

    Attributes:
        cross: keys and values of each layer, float32 [heads, tokens, head width].
        tokens: of the source.
    """

    cross: tuple[Array, ...]
    tokens: int


@dataclass(frozen=True)
class StepInputs:
    """What a step reads; rows are sources times beams, those of a source next to each other.

    Attributes:
        ids: int64 [rows, tokens].
        lengths: int64 [rows], tokens of the past of each.
        past: keys and values of each layer, float32 [rows, heads, past, head width]; kernels need
            room there for the tokens that are read.
        cross: the same of sources, [sources, heads, source tokens, head width].
        source_mask: int64 [sources, source tokens].
    """

    ids: Integers
    lengths: Integers
    past: Sequence[Array]
    cross: Sequence[Array]
    source_mask: Integers


class TranslatorGraphs:
    """Runs both graphs, from any thread.

    Args:
        encoder, decoder: run one graph each.
        writing: of the bundle.
        files: they come from.

    Attributes:
        callers: runs at a time.
        picks: whether kernels run the decoder, and choose the likeliest tokens themselves.

    Raises:
        BundleError: a graph takes or gives something else than the manifest says.
    """

    def __init__(
        self, encoder: Engine, decoder: Engine, writing: Writing, files: ModelFiles
    ) -> None:
        self.encoder = encoder
        self.decoder = decoder
        self.writing = writing
        self.callers = min(encoder.profile.callers, decoder.profile.callers)
        self.picks = "most" in decoder.input_spec.names
        self._cross = _named(writing, "cross")
        self._past = _named(writing, "past")
        self._present = _named(writing, "present")
        _check(files, encoder, ENCODER, self._read_by_encoder(), self._of_encoder())
        _check(files, decoder, DECODER, self._read_by_decoder(), self._of_decoder())

    def read(self, encodings: Sequence[tokenizers.Encoding]) -> list[ReadSource]:
        """Read sources, in batches of similar length."""
        found: list[ReadSource | None] = [None] * len(encodings)
        tokens_per_run = self.encoder.profile.tokens_per_run
        spec = self.encoder.input_spec
        for batch in micro_batches(encodings, spec, tokens_per_run=tokens_per_run):
            results = self.encoder.run_beside_others(self._cross, batch.inputs)
            for row, place in enumerate(batch.positions):
                tokens = len(encodings[place])
                found[place] = ReadSource(tuple(one[row, :, :tokens] for one in results), tokens)
        return [source for source in found if source is not None]

    def step(self, inputs: StepInputs) -> tuple[Array, list[Array]]:
        """Write on.

        Returns:
            Log-probabilities of what follows, float32 [rows, tokens, vocabulary]; and keys and
            values of these tokens for each layer, [rows, heads, tokens, head width]; none where
            kernels put them into the past themselves.
        """
        given = self._given(inputs)
        if not self.picks:
            likely, *present = self.decoder.run_beside_others((LIKELY, *self._present), given)
            return likely, present
        given |= {"likely": np.zeros(inputs.ids.size, np.float32), "most": np.zeros(1, np.int64)}
        (likely,) = self.decoder.run_beside_others((LIKELY,), given)
        return likely, []

    def pick(self, inputs: StepInputs, scores: Array, most: int) -> tuple[Array, Integers]:
        """Write on by kernels, which put keys and values of these tokens into the past.

        Args:
            inputs: of one token each.
            scores: of each target so far, float32 [rows].
            most: continuations of each.

        Returns:
            Their sums of log-probabilities, the highest first, float32 [rows, most]; and their
            tokens, int64 [rows, most].
        """
        given = self._given(inputs) | {"likely": scores, "most": np.array([most], np.int64)}
        sums, tokens = self.decoder.run_beside_others(_CANDIDATES, given)
        return sums[:, 0], tokens[:, 0].view(np.int64)

    def _given(self, inputs: StepInputs) -> dict[str, Any]:
        return {
            "input_ids": inputs.ids,
            "past_lengths": inputs.lengths,
            "source_mask": inputs.source_mask,
            **dict(zip(self._past, inputs.past, strict=True)),
            **dict(zip(self._cross, inputs.cross, strict=True)),
        }

    def _read_by_encoder(self) -> dict[str, tuple[int | None, ...]]:
        return dict.fromkeys(self.encoder.input_spec.names, (None, None))

    def _of_encoder(self) -> dict[str, tuple[int | None, ...]]:
        return dict.fromkeys(self._cross, self._kept)

    def _read_by_decoder(self) -> dict[str, tuple[int | None, ...]]:
        kept = dict.fromkeys((*self._past, *self._cross), self._kept)
        picking = {"likely": (None,), "most": (None,)} if self.picks else {}
        return {
            "input_ids": (None, None),
            "past_lengths": (None,),
            "source_mask": (None, None),
            **kept,
            **picking,
        }

    def _of_decoder(self) -> dict[str, tuple[int | None, ...]]:
        if self.picks:
            return dict.fromkeys((LIKELY, *_CANDIDATES), (None, None, None))
        likely = {LIKELY: (None, None, self.writing.vocabulary)}
        return likely | dict.fromkeys(self._present, self._kept)

    @property
    def _kept(self) -> tuple[int | None, ...]:
        return (None, self.writing.heads, None, self.writing.head_width)


def widened(width: int) -> int:
    """The least multiple of `BLOCK` that is no less than a width, and than one block."""
    return max(1, -(-width // BLOCK)) * BLOCK


def check_finite(values: Array) -> Array:
    """Log-probabilities that were chosen, or what is wrong with the graph.

    Raises:
        BundleError: one of them is no number.
    """
    if np.isnan(values).any():
        raise BundleError("the decoder gives log-probabilities that are no numbers: it is damaged")
    return values


def _named(writing: Writing, what: str) -> tuple[str, ...]:
    return tuple(
        f"{what}_{kind}.{layer}" for layer in range(writing.layers) for kind in ("key", "value")
    )


def _check(
    files: ModelFiles,
    engine: Engine,
    role: str,
    reads: dict[str, tuple[int | None, ...]],
    gives: dict[str, tuple[int | None, ...]],
) -> None:
    problem = next(_misfits(engine, reads, gives), None)
    if problem:
        raise BundleError(
            f"{files.path} is damaged: {files.graph_path(role).name} does not fit its manifest: "
            f"{problem}"
        )


def _misfits(
    engine: Engine,
    reads: dict[str, tuple[int | None, ...]],
    gives: dict[str, tuple[int | None, ...]],
) -> Iterator[str]:
    session = engine.callers_session
    for what, values, expected in (
        ("input", session.get_inputs(), reads),
        ("output", session.get_outputs(), gives),
    ):
        shapes = {value.name: value.shape for value in values}
        for name in sorted(expected.keys() - shapes.keys()):
            yield f"it has no {what} {name}"
        if what == "input":
            for name in sorted(shapes.keys() - expected.keys()):
                yield f"its input {name} is not known"
        for name in sorted(expected.keys() & shapes.keys()):
            if not _agree(shapes[name], expected[name]):
                yield f"{what} {name} is {_told(shapes[name])}, not {_told(expected[name])}"


def _agree(shape: Sequence[Any], expected: Sequence[int | None]) -> bool:
    return len(shape) == len(expected) and all(
        size is None or not isinstance(said, int) or said == size
        for said, size in zip(shape, expected, strict=True)
    )


def _told(shape: Sequence[Any]) -> str:
    return "x".join(str(size) if isinstance(size, int) else "?" for size in shape)
