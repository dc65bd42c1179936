"""What calibration texts show of the inputs of layers, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from edgebert.errors import InputError
from edgebert.onnx_graph.in_memory.edits import show_values
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.quantize.forms.activations import ActivationSample
from edgebert.quantize.forms.rounding import Floats
from edgebert.runtimes import Model
from edgebert.runtimes.batches import MicroBatch, micro_batches
from edgebert.runtimes.sessions.session import open_graph
from edgebert.text.encoding import Text, encode

_ROWS = 4096
"""Tokens that are kept of each value: enough for the second moment of 1536 channels."""

_OTHERS = 0.5  # times as many of texts of other kinds
_KEPT_BYTES = 512_000_000  # of all values together, in half precision, of one kind
_TEXTS = 256  # that are tokenized at a time
TOKENS_PER_RUN = 512  # all values of a run are in memory


@dataclass(frozen=True, eq=False)
class SampledRun:
    """One run of a graph on some texts.

    Attributes:
        inputs: of the graph.
        mask: bool [rows, tokens], where a token stands.
        texts: how many rows stand for a text; the others fill up a graph of fixed shape.
    """

    inputs: Mapping[str, npt.NDArray[Any]]
    mask: npt.NDArray[np.bool_]
    texts: int


def sample_activations(
    model: onnx.ModelProto,
    values: Sequence[str],
    texts: Iterable[Text],
    reader: Model,
    scratch: Path,
    *,
    seed: int,
    others: Iterable[Text] | None = None,
) -> dict[str, ActivationSample]:
    """Run a float graph on texts and keep a sample of what flows through `values`.

    Args:
        model: the graph.
        values: names of float values in it; the last axis of each is the channels.
        texts: calibration texts, one after the other.
        reader: the bundle of the graph, whose tokenizer reads the texts.
        scratch: a folder for the graph with its values as outputs.
        seed: of the choice of tokens.
        others: texts of other kinds, of whose tokens half as many are kept, however long the texts
            of either kind are.

    Raises:
        InputError: a value is not a number: the weights are damaged.
    """
    beside = None if others is None else text_runs(others, reader)
    return sample_runs(model, values, text_runs(texts, reader), scratch, seed=seed, others=beside)


def sample_runs(
    model: onnx.ModelProto,
    values: Sequence[str],
    runs: Iterable[SampledRun],
    scratch: Path,
    *,
    seed: int,
    others: Iterable[SampledRun] | None = None,
) -> dict[str, ActivationSample]:
    """The same of a graph that is given its inputs.

    Padding is left out: a row of a value is a token that is not masked, or a text where the value
    has one row for each.

    Args:
        model, values, scratch, seed: see `sample_activations`.
        runs, others: of the graph, on texts of the two kinds.

    Raises:
        InputError: a value is not a number: the weights are damaged.
    """
    if not values:
        return {}
    session = open_graph(_tapped(model, values, scratch / "tapped.onnx"))
    draw = np.random.default_rng(seed)
    own = _sampled(session, values, runs, draw)
    if others is None:
        return own
    beside = _sampled(session, values, others, draw, share=_OTHERS)
    del session  # here is the most memory: what is mixed lets go of its parts
    return {value: _mixed([own.pop(value), beside.pop(value)], seed) for value in values}


def text_runs(texts: Iterable[Text], reader: Model) -> Iterator[SampledRun]:
    """Runs of a graph that reads texts, with the tokenizer of its bundle."""
    for batch in _batches(texts, reader):
        mask = np.zeros(batch.inputs["input_ids"].shape, bool)
        for row, encoding in enumerate(batch.encodings):
            mask[row, : len(encoding)] = encoding.attention_mask
        yield SampledRun(batch.inputs, mask, len(batch.encodings))


def merged(samples: Sequence[ActivationSample]) -> ActivationSample:
    """One sample of what several values hold, or one value on several kinds of text."""
    return ActivationSample(
        rows=np.concatenate([sample.rows for sample in samples])
        if len(samples) > 1
        else samples[0].rows,
        lowest=np.minimum.reduce([sample.lowest for sample in samples]),
        highest=np.maximum.reduce([sample.highest for sample in samples]),
        tokens=sum(sample.tokens for sample in samples),
        one_row=any(sample.one_row for sample in samples),
    )


def _sampled(
    session: Any,
    values: Sequence[str],
    runs: Iterable[SampledRun],
    draw: np.random.Generator,
    *,
    share: float = 1,
) -> dict[str, ActivationSample]:
    """What texts of one kind show of each value, in a share of the rows."""
    samplers: dict[str, _Sampler] = {}
    for run in runs:
        outputs, mask = session.run(list(values), dict(run.inputs)), run.mask
        keys = draw.random(mask.shape)  # the same for all values: they keep the same tokens
        for value, output in zip(values, outputs, strict=True):
            if value not in samplers:
                fitting = _KEPT_BYTES // (2 * sum(o.shape[-1] for o in outputs))
                rows = int(share * min(_ROWS, max(256, fitting)))
                samplers[value] = _Sampler(output, rows, one_row=_is_one_row(output, mask))
            samplers[value].add(*_rows_of(output, mask, keys, run.texts))
    return {value: samplers.pop(value).sample(value) for value in tuple(samplers)}


def _mixed(kinds: Sequence[ActivationSample], seed: int) -> ActivationSample:
    """One sample of several kinds of text, of which any first part is a random sample too."""
    together = merged(kinds)
    order = np.random.default_rng(seed).permutation(len(together.rows))
    return replace(together, rows=together.rows[order])


class _Sampler:
    """Keeps the rows with the smallest of random keys, and the range of each channel."""

    def __init__(self, output: Floats, rows: int, *, one_row: bool) -> None:
        channels = output.shape[-1]
        self._one_row = one_row
        self._limit = rows
        self._kept = np.empty((0, channels), np.float16)
        self._keys = np.empty(0)
        self._lowest = np.full(channels, np.inf, np.float32)
        self._highest = np.full(channels, -np.inf, np.float32)
        self._tokens = 0

    def add(self, rows: Floats, keys: npt.NDArray[np.float64]) -> None:
        if not len(rows):
            return
        self._tokens += len(rows)
        self._lowest = np.minimum(self._lowest, rows.min(axis=0))
        self._highest = np.maximum(self._highest, rows.max(axis=0))
        limit = np.finfo(np.float16).max
        halves = np.clip(rows, -limit, limit).astype(np.float16)
        self._kept = np.concatenate([self._kept, halves])
        self._keys = np.concatenate([self._keys, keys])
        if len(self._keys) > self._limit:
            chosen = np.sort(np.argpartition(self._keys, self._limit)[: self._limit])
            self._kept, self._keys = self._kept[chosen], self._keys[chosen]

    def sample(self, value: str) -> ActivationSample:
        if not (np.isfinite(self._lowest).all() and np.isfinite(self._highest).all()):
            raise InputError(
                f"{value} is not a number on calibration texts: the weights hold nan or infinity"
            )
        order = np.argsort(self._keys, kind="stable")  # any first part is a random sample
        return ActivationSample(
            rows=self._kept[order],
            lowest=self._lowest,
            highest=self._highest,
            tokens=self._tokens,
            one_row=self._one_row,
        )


def _batches(texts: Iterable[Text], reader: Model) -> Iterator[MicroBatch]:
    prompted = (reader.default_prompt + t if isinstance(t, str) else t for t in texts)
    while chunk := list(islice(prompted, _TEXTS)):
        encodings = encode(reader.tokenizer, chunk)
        yield from micro_batches(encodings, reader.input_spec, tokens_per_run=TOKENS_PER_RUN)


def _rows_of(
    output: Floats, mask: npt.NDArray[np.bool_], keys: npt.NDArray[np.float64], texts: int
) -> tuple[Floats, npt.NDArray[np.float64]]:
    """The rows of a value that stand for tokens or texts, and their keys."""
    if output.shape[: mask.ndim] == mask.shape and output.ndim == mask.ndim + 1:
        return output[mask], keys[mask]
    if _is_one_row(output, mask):
        return output[:texts], keys[:texts, 0]
    rows = output.reshape(-1, output.shape[-1])
    if len(rows) == mask.size:  # tokens of all texts in one axis
        return rows[mask.ravel()], keys[mask]
    return rows, np.resize(keys.reshape(-1), len(rows))


def _is_one_row(output: Floats, mask: npt.NDArray[np.bool_]) -> bool:
    """Whether a value has one row for each text; no text is of one token."""
    return output.ndim == 2 and len(output) == len(mask)


def _tapped(model: onnx.ModelProto, values: Sequence[str], path: Path) -> Path:
    """Write the graph with `values` among its outputs."""
    tapped = onnx.ModelProto()
    tapped.CopyFrom(model)
    show_values(tapped.graph, values)
    save_model(tapped, path)
    return path
