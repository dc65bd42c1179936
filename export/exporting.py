"""From checkpoint to float bundle: trace, clean, prove, seal."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import onnx

from edgebert.bundle import MODEL, TOKENIZER, Bundle, seal
from edgebert.checkpoint import Checkpoint, open_checkpoint
from edgebert.data.samples import GOLDEN_TEXTS, built_in_examples
from edgebert.drift.checkpoint import CheckpointModel
from edgebert.drift.comparing import compare
from edgebert.drift.promises import Floors, describe_drift
from edgebert.errors import CheckpointError, GateError
from edgebert.export.coverage import coverage_of, lost_coverage
from edgebert.export.options import ExportOptions
from edgebert.export.parity import DEFAULT_ATOL, failed_parity, parity_cases
from edgebert.export.targets import shape_for_target
from edgebert.export.task_graphs import output_names
from edgebert.export.tokenizer_files import (
    write_config,
    write_sentence_transformers_files,
    write_tokenizer,
)
from edgebert.export.tracing import trace
from edgebert.machine import installed_versions
from edgebert.output import new_folder, refuse_existing
from edgebert.records.golden import Tolerance
from edgebert.records.made import ExportRecord
from edgebert.records.manifest import (
    EMBEDDINGS,
    FORMAT,
    TASKS,
    Count,
    Drift,
    Manifest,
    OnnxruntimeRange,
    Source,
)
from edgebert.runtimes import Model
from edgebert.runtimes.encoding import open_tokenizer
from edgebert.runtimes.golden import write_golden
from edgebert.runtimes.session import open_graph

OLDEST_ONNXRUNTIME = "1.17.0"
"""First release with opset 20 (Gelu) on the CPU provider."""

_TOLERANCE = Tolerance(reference=1e-3, expected=1e-4)
_FLOORS = Floors(drift=1e-5, flips=0.001)


def export_model(
    model: str | Path,
    output: str | Path,
    *,
    options: ExportOptions | None = None,
    force: bool = False,
    offline: bool = False,
) -> ExportRecord:
    """Export a checkpoint as an fp32 bundle for the CPU, proved against PyTorch.

    Args:
        model: a local checkpoint folder, or a Hugging Face id.
        output: the bundle to write.
        options: task, length and tolerance.
        force: replace `output` if it exists.
        offline: never touch the network.

    Raises:
        CheckpointError: the checkpoint cannot be read or traced.
        OutputError: `output` exists or cannot be written.
        GateError: parity or coverage failed; nothing was written.
    """
    started = time.perf_counter()
    options, output = options or ExportOptions(), Path(output)
    refuse_existing(output, force=force)
    checkpoint = open_checkpoint(
        model, task=options.task, max_length=options.max_length, offline=offline
    )
    if checkpoint.task not in TASKS:
        raise CheckpointError(
            f"{checkpoint.id} is for {checkpoint.task}, which cannot be exported yet; "
            f"--task takes {', '.join(TASKS)}"
        )
    atol = options.atol or DEFAULT_ATOL
    reference = CheckpointModel(checkpoint)
    with new_folder(output, force=force) as folder:
        coverage = _write_graph(checkpoint, reference, folder, options)
        manifest = _manifest(checkpoint, folder, coverage, options)
        graph = _write_companions(checkpoint, reference, folder, manifest)
        cases = parity_cases(reference, graph)
        failures = (*lost_coverage(coverage), *failed_parity(cases, atol))
        if not failures:
            _write_golden(reference, graph)
            seal(folder, replace(manifest, drift=_drift(reference, graph)))
        record = ExportRecord(
            source=checkpoint.id,
            bundle=str(output),
            passed=not failures,
            task=checkpoint.task,
            architecture=checkpoint.architecture,
            max_length=checkpoint.max_length,
            max_length_source=checkpoint.max_length_source,
            size_bytes=sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
            atol=atol,
            parity=cases,
            coverage=coverage,
            seconds=time.perf_counter() - started,
            failures=failures,
        )
        if failures:
            raise GateError(f"{checkpoint.id} was not exported: {'; '.join(failures)}", record)
    return record


def _write_graph(
    checkpoint: Checkpoint, reference: CheckpointModel, folder: Path, options: ExportOptions
) -> dict[str, Count]:
    path = folder / MODEL
    layer_norms = trace(checkpoint, path, options)
    model = onnx.load(path)
    shape_for_target(model, options)
    del model.graph.value_info[:]  # shapes under names that the passes took away or gave anew
    model.producer_name, model.producer_version = "edgebert", installed_versions().get("torch", "")
    onnx.save(model, path)
    return coverage_of(path, reference.model.config, layer_norms)


def _write_companions(
    checkpoint: Checkpoint, reference: CheckpointModel, folder: Path, manifest: Manifest
) -> Model:
    """Write tokenizer and configuration files; return the graph, ready to run."""
    write_tokenizer(reference.tokenizer, folder, checkpoint.max_length)
    write_config(reference.model.config, folder)
    if checkpoint.task == EMBEDDINGS:
        width = int(reference.model.config.hidden_size)
        write_sentence_transformers_files(checkpoint, folder, width)
    tokenizer = open_tokenizer(folder / TOKENIZER)
    return Model(Bundle(folder, manifest), open_graph(folder / MODEL), tokenizer)


def _manifest(
    checkpoint: Checkpoint, folder: Path, coverage: dict[str, Count], options: ExportOptions
) -> Manifest:
    header = onnx.load(folder / MODEL, load_external_data=False)
    opsets = {entry.domain: entry.version for entry in header.opset_import}
    versions = installed_versions()
    return Manifest(
        format=FORMAT,
        task=checkpoint.task,
        architecture=checkpoint.architecture,
        precision="fp32",
        target=options.target,
        pooling=checkpoint.pooling,
        normalize=checkpoint.normalize,
        max_length=checkpoint.max_length,
        prompts=checkpoint.prompts,
        labels=checkpoint.labels,
        problem_type=checkpoint.problem_type,
        inputs=tuple(value.name for value in header.graph.input),
        outputs=output_names(checkpoint.task),
        attention_path="masked",
        files={},
        opset=opsets[""],
        ir_version=header.ir_version,
        onnxruntime=OnnxruntimeRange(min=OLDEST_ONNXRUNTIME, tested=versions["onnxruntime"]),
        undocumented_operators=(),
        coverage=coverage,
        quantization=None,
        drift=None,
        source=Source(id=checkpoint.id, revision=None, sha256=checkpoint.sha256()),
        created_with=versions,
    )


def _write_golden(reference: CheckpointModel, graph: Model) -> None:
    write_golden(graph, GOLDEN_TEXTS, reference.outputs(GOLDEN_TEXTS), _TOLERANCE)


def _drift(reference: CheckpointModel, graph: Model) -> Drift:
    examples = built_in_examples()
    return describe_drift(compare(reference, graph, examples), str(examples.path), _FLOORS)
