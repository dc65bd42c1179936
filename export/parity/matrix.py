"""The graph against PyTorch on ragged batches: the gate that every export must pass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgebert.data.samples import GOLDEN_TEXTS
from edgebert.drift.checkpoint import CheckpointModel
from edgebert.drift.distances import cosines
from edgebert.records.made import ParityCase
from edgebert.records.manifest import TOKEN_CLASSIFICATION
from edgebert.runtimes import Model

Inputs = dict[str, npt.NDArray[np.int64]]

DEFAULT_ATOL = 1e-4


def parity_cases(reference: CheckpointModel, graph: Model) -> tuple[ParityCase, ...]:
    """Compare every output of the graph with PyTorch, at unmasked positions.

    The batches: real texts as one ragged batch, and random ids at lengths around the places where
    kernels change (1, 2, 3, 15, 16, 17, 127, 128) up to the longest, alone and ragged.
    """
    return tuple(
        _compare(name, inputs, reference, graph) for name, inputs in _batches(reference, graph)
    )


def failed_parity(cases: tuple[ParityCase, ...], atol: float) -> list[str]:
    """A sentence for the worst case that is further off than `atol` (or is not a number)."""
    bad = [case for case in cases if not case.max_abs <= atol]
    if not bad:
        return []
    worst = max(bad, key=lambda case: np.nan_to_num(case.max_abs, nan=np.inf))
    sentence = (
        f"parity with PyTorch is off by {worst.max_abs:.3g} (allowed: {atol:g}) in {len(bad)} of "
        f"{len(cases)} batches, worst in '{worst.name}' ({worst.batch} x {worst.length})"
    )
    return [sentence]


def _batches(reference: CheckpointModel, graph: Model) -> Iterator[tuple[str, Inputs]]:
    names = graph.manifest.inputs
    texts = reference.encode(GOLDEN_TEXTS)
    yield "texts", {name: texts[name] for name in names}
    longest, vocabulary = reference.max_length, reference.model.config.vocab_size
    random = np.random.default_rng(0)
    for length in sorted({n for n in (1, 2, 3, 15, 16, 17, 127, 128) if n < longest} | {longest}):
        yield f"length {length}", _random_batch(random, names, vocabulary, [length])
    ragged = [1, max(1, longest // 3), longest // 2, longest]
    yield "ragged", _random_batch(random, names, vocabulary, ragged)


def _random_batch(
    random: np.random.Generator, names: tuple[str, ...], vocabulary: int, lengths: list[int]
) -> Inputs:
    """Random ids, int64 [len(lengths), max(lengths)], padded on the right."""
    shape = (len(lengths), max(lengths))
    mask = (np.arange(shape[1]) < np.asarray(lengths)[:, None]).astype(np.int64)
    batch = {
        "input_ids": random.integers(min(5, vocabulary - 1), vocabulary, shape) * mask,
        "attention_mask": mask,
        "token_type_ids": random.integers(0, 2, shape) * mask,
    }
    return {name: batch[name] for name in names}


def _compare(name: str, inputs: Inputs, reference: CheckpointModel, graph: Model) -> ParityCase:
    expected = reference.run(inputs)
    results = graph.session.run(list(graph.manifest.outputs), inputs)
    real = inputs["attention_mask"].astype(bool)
    pairs = []
    for output, found in zip(graph.manifest.outputs, results, strict=True):
        by_token = output == "last_hidden_state" or graph.task == TOKEN_CLASSIFICATION
        rows = real if by_token else slice(None)
        pairs.append((expected[output][rows], found[rows]))
    return ParityCase(
        name=name,
        batch=real.shape[0],
        length=real.shape[1],
        max_abs=max(float(np.abs(a - b).max()) for a, b in pairs),
        min_cosine=min(float(cosines(a, b).min()) for a, b in pairs),
    )
