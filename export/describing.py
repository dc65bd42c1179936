"""What the manifest of a new float bundle says."""

from __future__ import annotations

from pathlib import Path

from edgebert.bundle import MODEL
from edgebert.drift.checkpoint import CheckpointModel
from edgebert.export.opening import Opened
from edgebert.export.options import ExportOptions
from edgebert.export.task_graphs import output_names
from edgebert.graph.oldest_onnxruntime import oldest_onnxruntime
from edgebert.graph.reading import read_graph
from edgebert.machine import installed_versions
from edgebert.records.manifest import (
    FORMAT,
    TEXT_CLASSIFICATION,
    Count,
    Manifest,
    OnnxruntimeRange,
    Source,
)


def describe(
    opened: Opened,
    reference: CheckpointModel,
    folder: Path,
    options: ExportOptions,
    *,
    coverage: dict[str, Count],
    unfused: dict[str, str],
) -> Manifest:
    """The manifest of the graph in `folder`, as yet without files and drift.

    Args:
        opened: the checkpoint as it was found.
        reference: the same in PyTorch.
        folder: where the graph lies.
        options: what was asked for, settled.
        coverage: expected and found counts of fused operators.
        unfused: what is not one operator, and why.
    """
    checkpoint = reference.checkpoint
    graph = read_graph(folder / MODEL)
    versions = installed_versions()
    tested = versions["onnxruntime"]
    return Manifest(
        format=FORMAT,
        task=checkpoint.task,
        architecture=checkpoint.architecture,
        precision=str(options.precision),
        target=options.target,
        pooling=checkpoint.pooling,
        normalize=checkpoint.normalize,
        max_length=checkpoint.max_length,
        prompts=checkpoint.prompts,
        labels=checkpoint.labels,
        problem_type=checkpoint.problem_type,
        inputs=graph.inputs,
        outputs=output_names(checkpoint.task),
        attention_path="masked",
        files={},
        opset=graph.opset_imports[""],
        ir_version=graph.ir_version,
        onnxruntime=OnnxruntimeRange(oldest_onnxruntime(graph, tested=tested), tested),
        undocumented_operators=(),
        coverage=coverage,
        quantization=None,
        drift=None,
        source=Source(id=checkpoint.id, revision=None, sha256=opened.sha256),
        created_with=versions,
        default_prompt=checkpoint.default_prompt,
        ids=options.ids,
        fixed_shape=options.fixed_shape,
        unfused=unfused,
        trimmed_vocabulary=opened.trimmed_vocabulary,
        activation=checkpoint.scoring if checkpoint.task == TEXT_CLASSIFICATION else None,
        mask_token=reference.mask_token,
    )
