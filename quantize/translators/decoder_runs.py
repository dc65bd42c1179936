"""Runs of a decoder on whole targets, which show what flows through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers

from edgebert.bundle import ModelFiles
from edgebert.quantize.forms.activation_samples import TOKENS_PER_RUN, SampledRun
from edgebert.records.manifest import ENCODER, Writing
from edgebert.runtimes.batches import InputSpec, micro_batches
from edgebert.runtimes.sessions.session import open_graph
from edgebert.text.encoding import encode, open_tokenizer


def decoder_runs(
    files: ModelFiles, reader: tokenizers.Tokenizer, pairs: Sequence[tuple[str, str]]
) -> Iterator[SampledRun]:
    """What a decoder reads of whole targets at once, as its graph takes it.

    Args:
        files: of the float model, whose encoder reads the sources.
        reader: its tokenizer of sources.
        pairs: sources with their targets.
    """
    writing = files.manifest.writing
    assert writing is not None
    encoder = open_graph(files.graph_path(ENCODER))
    names = [value.name for value in encoder.get_outputs()]
    sources = encode(reader, [source for source, _ in pairs])
    written = open_tokenizer(files.target_tokenizer_path).encode_batch([two for _, two in pairs])
    spec = InputSpec.of(encoder)
    for batch in micro_batches(sources, spec, tokens_per_run=TOKENS_PER_RUN):
        cross = dict(zip(names, encoder.run(names, batch.inputs), strict=True))
        ids = [[writing.begin_id, *written[place].ids] for place in batch.positions]
        read, mask = _padded(ids)
        yield SampledRun(
            {**read, **_no_past(writing, len(ids)), **cross, **_mask_of(batch.inputs)},
            mask,
            len(ids),
        )


def _padded(rows: Sequence[Sequence[int]]) -> tuple[dict[str, Any], npt.NDArray[np.bool_]]:
    """Ids as a decoder without a past reads them, and where there are some."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros(ids.shape, bool)
    for row, values in enumerate(rows):
        ids[row, : len(values)] = values
        mask[row, : len(values)] = True
    return {"input_ids": ids, "past_lengths": np.zeros(len(rows), np.int64)}, mask


def _no_past(writing: Writing, rows: int) -> dict[str, npt.NDArray[np.float32]]:
    nothing = np.zeros((rows, writing.heads, 0, writing.head_width), np.float32)
    return {
        f"past_{kind}.{layer}": nothing
        for layer in range(writing.layers)
        for kind in ("key", "value")
    }


def _mask_of(inputs: dict[str, Any]) -> dict[str, Any]:
    return {"source_mask": inputs["attention_mask"].astype(np.int64)}
