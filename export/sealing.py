"""The last step of a float bundle: its golden texts, the drift it promises, its checksums."""

from __future__ import annotations

from dataclasses import replace

from edgebert.bundle import seal
from edgebert.data.samples import built_in_examples, golden_texts
from edgebert.drift.comparing import compare
from edgebert.drift.promises import Floors, describe_drift
from edgebert.drift.sources import TextModel
from edgebert.records.golden import Tolerance
from edgebert.runtimes import Model
from edgebert.runtimes.golden import golden_columns, kept, write_golden

_TOLERANCE = {"fp32": Tolerance(1e-3, 1e-4), "fp16": Tolerance(1e-2, 1e-2)}
_FLOORS = {"fp32": Floors(drift=1e-5, flips=0.001), "fp16": Floors(drift=1e-4, flips=0.005)}


def seal_proved(reference: TextModel, graph: Model) -> None:
    """Write golden texts and manifest of a bundle whose graph has passed its gates.

    Args:
        reference: what the graph was made of.
        graph: the new graph, in the folder of the bundle, with a manifest that lacks its drift.
    """
    precision = graph.manifest.precision
    texts = golden_texts(reference.task, reference.mask_token)
    columns = golden_columns(graph)
    answers = [kept(answer, columns) for answer in reference.outputs(texts)]
    write_golden(graph, texts, answers, _TOLERANCE[precision])
    examples = built_in_examples(reference.task)
    comparison = compare(reference, graph, examples)
    drift = describe_drift(comparison, str(examples.path), _FLOORS[precision])
    seal(graph.bundle.path, replace(graph.manifest, drift=drift))
