"""The last step of a float bundle: its golden texts, the drift it promises, its checksums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from edgebert.arrays import Array
from edgebert.bundle import seal
from edgebert.bundle.card import write_model_card
from edgebert.data import Examples, Text
from edgebert.drift.comparing import Comparison, compare
from edgebert.drift.promises import Floors, describe_drift
from edgebert.errors import CheckpointError
from edgebert.export.readable_texts import Reads, readable, readable_golden_texts
from edgebert.records.golden import Tolerance
from edgebert.references.onnx_file import probe_bundle
from edgebert.references.sources import Inputs, TextModel
from edgebert.runtimes import Model
from edgebert.runtimes.golden import kept, write_golden
from edgebert.tasks.base import Task

_TOLERANCE = {"fp32": Tolerance(1e-3, 1e-4), "fp16": Tolerance(1e-2, 1e-2)}
_FLOORS = {"fp32": Floors(drift=1e-5, flips=0.001), "fp16": Floors(drift=1e-4, flips=0.005)}

_OTHER_BATCHES = 10
"""How many times what parity allows a text may be off: not all of these ran there, nor in these
batches. What a wrong input changes is hundreds of times more."""


class Reference(TextModel, Reads, Protocol):
    """What a graph was made of."""

    def encode(self, texts: Sequence[Text]) -> Inputs:
        """What the model is fed, int64 [batch, sequence], padded on the right."""
        ...


def seal_proved(reference: Reference, graph: Model, atol: float) -> list[str]:
    """Write golden texts and manifest of a bundle whose graph has passed its gates.

    This is where the whole bundle, tokenizer and all, is held to its reference: it has to feed the
    graph the same tokens, cut at the same place, and its answers may be off by rounding alone. That
    is what parity found this model's rounding to be, or else no more than the tightest promise that
    the precision can keep.

    Args:
        reference: what the graph was made of.
        graph: the new graph, in the folder of the bundle, with a manifest that lacks its drift.
        atol: largest absolute difference that parity allowed.

    Returns:
        A sentence for what is not as in the reference; then nothing was sealed.

    Raises:
        CheckpointError: there are not as many labels as logits.
    """
    precision = graph.manifest.precision
    texts = readable_golden_texts(reference)
    _require_labels(graph, texts[0])
    examples = _sealed_examples(reference, texts)
    failed = _other_tokens(reference, graph, examples.texts)
    if failed:
        return failed
    comparison = compare(reference, graph, examples)
    failed = _drifted(reference, graph, comparison, _FLOORS[precision].drift, atol)
    if failed:
        return failed
    outputs = reference.outputs(texts)
    columns = reference.spec.task.golden_columns(outputs)
    answers = [kept(output, columns) for output in outputs]
    write_golden(graph, texts, answers, _TOLERANCE[precision], columns)
    drift = describe_drift(comparison, str(examples.path), _FLOORS[precision])
    write_model_card(seal(graph.files.path, replace(graph.manifest, drift=drift)))
    return []


def _require_labels(graph: Model, text: Text) -> None:
    """Run one text: the graph of a stranger may leave its width open."""
    if not graph.spec.task.labelled:
        return
    (logits,) = graph.outputs([text])
    if logits.shape[-1] != len(graph.labels):
        raise CheckpointError(
            f"{graph.manifest.source.id} gives {logits.shape[-1]} logits, but its config.json names "
            f"{len(graph.labels)} labels: {', '.join(graph.labels)[:60]}"
        )


def _sealed_examples(reference: Reference, golden: Sequence[Text]) -> Examples:
    """The built-in sentences and the golden texts, of which some are longer than any model reads."""
    examples = reference.spec.task.built_in_examples()
    texts = (*readable(reference, examples.texts), *golden)
    return replace(examples, texts=tuple(dict.fromkeys(texts)))


def _other_tokens(reference: Reference, graph: Model, texts: Sequence[Text]) -> list[str]:
    """Say where the bundle's own tokenizer does not feed its graph what the reference is fed."""
    probe = probe_bundle(graph)
    other = [text for text in texts if _fed(reference, graph, text) != _fed(probe, graph, text)]
    if not other:
        return []
    shown = other[0] if isinstance(other[0], str) else " | ".join(other[0])
    failed = (
        f"the bundle's tokenizer gives other tokens than the source's for {len(other)} of "
        f"{len(texts)} texts, first {shown[:60]!r}"
    )
    return [failed]


def _fed(model: Reference, graph: Model, text: Text) -> list[list[int]]:
    inputs = model.encode([text])
    return [inputs[name].ravel().tolist() for name in graph.manifest.inputs if name in inputs]


def _drifted(
    reference: Reference, graph: Model, comparison: Comparison, floor: float, atol: float
) -> list[str]:
    """Say by how much the answers are off, where that is more than rounding."""
    if comparison.distance_mean <= floor:
        return []
    texts = comparison.texts
    # of readers only the words of answers were compared, which a rounding can tip
    before = comparison.before.outputs or reference.outputs(texts)
    after = comparison.after.outputs or graph.outputs(texts)
    task = reference.spec.task
    furthest = max(_furthest(a, b, task) for a, b in zip(before, after, strict=True))
    allowed = _OTHER_BATCHES * atol
    if furthest <= allowed:
        return []
    worst = comparison.worst[0]
    failed = (
        f"the bundle drifts by {comparison.distance_mean:.3g} (allowed: {floor:g}) on {len(texts)} "
        f"built-in texts, where outputs are off by up to {furthest:.3g} (allowed: {allowed:g}), "
        f"worst {worst.text[:60]!r}"
    )
    return [failed]


def _furthest(before: Array, after: Array, task: Task) -> float:
    """The largest difference; infinite where it is no number, or the shapes differ."""
    told = task.golden_distance(after, before)
    if told is not None:
        return told
    if before.shape != after.shape:
        return np.inf
    return float(np.nan_to_num(np.abs(before - after).max(initial=0.0), nan=np.inf))
