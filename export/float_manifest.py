"""What the manifest of a new float bundle says."""

from __future__ import annotations

from edgebert.checkpoint import Checkpoint
from edgebert.machine import installed_versions
from edgebert.onnx_graph.oldest_onnxruntime import oldest_onnxruntime
from edgebert.onnx_graph.reading import OnnxGraph
from edgebert.records.manifest import (
    FORMAT,
    Count,
    Manifest,
    OnnxruntimeRange,
    Source,
)


def describe(
    checkpoint: Checkpoint,
    graph: OnnxGraph,
    *,
    sha256: str,
    mask_token: str | None,
    coverage: dict[str, Count],
    unfused: dict[str, str],
) -> Manifest:
    """The manifest of an fp32 graph for the CPU, as yet without files and drift.

    Args:
        checkpoint: what the folder says that the graph was made of.
        graph: the new graph.
        sha256: of the weights that it was made of.
        mask_token: what stands for a word to guess, for fill-mask.
        coverage: expected and found counts of fused operators.
        unfused: what is not one operator, and why.
    """
    task, versions = checkpoint.spec.task, installed_versions()
    tested = versions["onnxruntime"]
    return Manifest(
        format=FORMAT,
        task=checkpoint.task,
        architecture=checkpoint.architecture,
        precision="fp32",
        target="cpu",
        pooling=checkpoint.pooling,
        normalize=checkpoint.normalize,
        max_length=checkpoint.max_length,
        prompts=checkpoint.prompts,
        labels=checkpoint.labels,
        problem_type=checkpoint.problem_type,
        inputs=graph.inputs,
        outputs=graph.outputs,
        attention_path="masked",
        files={},
        opset=graph.opset_imports[""],
        ir_version=graph.ir_version,
        onnxruntime=OnnxruntimeRange(oldest_onnxruntime(graph, tested=tested), tested),
        undocumented_operators=(),
        coverage=coverage,
        quantization=None,
        drift=None,
        source=Source(id=checkpoint.id, revision=None, sha256=sha256),
        created_with=versions,
        default_prompt=checkpoint.default_prompt,
        unfused=unfused,
        activation=checkpoint.scoring if task.has_problem_types else None,
        mask_token=mask_token,
        aggregation=task.new_aggregation,
        similarity=checkpoint.similarity,
    )
