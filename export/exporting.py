"""From checkpoint to float bundle: trace, clean, prove, seal."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgebert.bundle import MODEL, ModelFiles, read_bundle
from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import tokenizer_difference
from edgebert.checkpoint.tokenizer_file import CONFIG, FILE
from edgebert.data.samples import GOLDEN_TEXTS
from edgebert.errors import GateError
from edgebert.export.float_manifest import describe
from edgebert.export.half_precision import Batch
from edgebert.export.operators.coverage import coverage_of, lost_coverage
from edgebert.export.options import ExportOptions, settle
from edgebert.export.parity import (
    allowed_difference,
    failed_parity,
    matrix,
    parity_cases,
    worst_parity,
)
from edgebert.export.passes.trace_notes import drop_trace_notes
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.export.sealing import seal_proved
from edgebert.export.source.opened_checkpoint import Opened, opened_checkpoint
from edgebert.export.targets import shape_for_target
from edgebert.export.tokenizer_files import (
    name_no_class,
    write_config,
    write_sentence_transformers_files,
    write_tokenizer,
)
from edgebert.export.traced_file import load_traced
from edgebert.export.tracing import trace
from edgebert.machine import available_cores, installed_versions
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.onnx_graph.reading import read_graph
from edgebert.output import new_folder, refuse_existing
from edgebert.records.made import ExportRecord, TokenizerDifference
from edgebert.records.manifest import (
    Count,
    Manifest,
)
from edgebert.records.profile import one_caller
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model
from edgebert.runtimes.loading import open_files

_LOGGER = logging.getLogger(__name__)
_ROWS = 4  # of texts at a time, whose every intermediate value may be kept


def export_model(
    model: str | Path,
    output: str | Path,
    *,
    options: ExportOptions | None = None,
    force: bool = False,
    offline: bool = False,
) -> ExportRecord:
    """Export a checkpoint as a float bundle, proved against PyTorch.

    Args:
        model: a local checkpoint folder, or a Hugging Face id.
        output: the bundle to write.
        options: what may be chosen of it.
        force: replace `output` if it exists.
        offline: never touch the network.

    Raises:
        CheckpointError: the checkpoint cannot be read or traced.
        OutputError: `output` exists or cannot be written.
        GateError: parity or coverage failed, or the bundle's tokens or answers are not the
            checkpoint's; nothing was written.
    """
    started = time.perf_counter()
    options, output = options or ExportOptions(), Path(output)
    refuse_existing(output, force=force, source=model)
    with opened_checkpoint(model, options, offline=offline) as opened:
        return _export(opened, output, options, started, force=force)


def _export(
    opened: Opened, output: Path, options: ExportOptions, started: float, *, force: bool
) -> ExportRecord:
    checkpoint, options = _settled(opened.checkpoint, options)
    reference = CheckpointModel(checkpoint)
    readable_golden_texts(reference)  # says so if it reads none, before any work
    with new_folder(output, force=force) as folder:
        coverage, lost, unfused = _write_graph(reference, folder, options)
        manifest = _manifest(opened, reference, folder, options, coverage, unfused)
        tokenizer = tokenizer_difference(checkpoint, reference.tokenizer, GOLDEN_TEXTS)
        _write_companions(reference, folder, tokenizer)
        files = ModelFiles(folder, manifest)
        cases = parity_cases(reference, files)
        atol = options.atol or allowed_difference(cases, reference, files)
        failures = (*lost, *failed_parity(cases, atol))
        if not failures:
            with _loaded_once(files) as graph:
                failures = tuple(seal_proved(reference, graph, atol))
        record = ExportRecord(
            source=checkpoint.id,
            bundle=str(output),
            passed=not failures,
            task=checkpoint.task,
            architecture=checkpoint.architecture,
            target=options.target,
            precision=manifest.precision,
            max_length=checkpoint.max_length,
            max_length_source=checkpoint.max_length_source,
            size_bytes=sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
            atol=atol,
            parity=cases,
            coverage=coverage,
            unfused=unfused,
            seconds=time.perf_counter() - started,
            failures=failures,
            worst=worst_parity(cases, matrix(reference, files)),
            trimmed_vocabulary=opened.trimmed_vocabulary,
            tokenizer=tokenizer,
            tokens_without_embedding=reference.tokens_without_embedding,
            fingerprint=None if failures else str(read_bundle(folder).fingerprint()),
        )
        if failures:
            raise GateError(f"{checkpoint.id} was not exported: {'; '.join(failures)}", record)
    return record


def _settled(checkpoint: Checkpoint, options: ExportOptions) -> tuple[Checkpoint, ExportOptions]:
    """Checkpoint and options with what follows from each other filled in.

    Raises:
        CheckpointError: they contradict each other.
    """
    options = settle(options, checkpoint.max_length)
    if options.fixed_shape and options.fixed_shape[1] < checkpoint.max_length:
        checkpoint = replace(
            checkpoint, max_length=options.fixed_shape[1], max_length_source="--fixed-shape"
        )
    return checkpoint, options


def _write_graph(
    reference: CheckpointModel, folder: Path, options: ExportOptions
) -> tuple[dict[str, Count], list[str], dict[str, str]]:
    """Write the graph; return its coverage, what it lost, and what cannot be fused."""
    path = folder / MODEL
    traced = trace(reference.checkpoint, path, options, token_types=reference.feeds_types)
    model = load_traced(path)
    watched = _real_batches(reference, options) if options.precision == "fp16" else ()
    shape_for_target(model, options, watched)
    del model.graph.value_info[:]  # shapes under names that the passes took away or gave anew
    model.producer_name, model.producer_version = "edgebert", installed_versions().get("torch", "")
    coverage, lost = coverage_of(model, traced), lost_coverage(model, traced)
    drop_trace_notes(model)
    save_model(model, path, options.external_data_bytes)
    return coverage, lost, traced.unfused


def _real_batches(reference: CheckpointModel, options: ExportOptions) -> list[Batch]:
    """The golden texts as the graph takes them."""
    texts = readable_golden_texts(reference)
    rows, tokens = options.fixed_shape or (_ROWS, 0)
    groups = [texts[start : start + rows] for start in range(0, len(texts) - rows + 1, rows)]
    return [_as_given(reference.encode(group), options, tokens) for group in groups]


def _as_given(
    inputs: Mapping[str, npt.NDArray[np.int64]], options: ExportOptions, tokens: int
) -> Batch:
    def padded(values: npt.NDArray[np.int64]) -> npt.NDArray[np.generic]:
        short = max(0, tokens - values.shape[1])
        return np.pad(values, ((0, 0), (0, short))).astype(options.ids)

    return {name: padded(values) for name, values in inputs.items()}


def _manifest(
    opened: Opened,
    reference: CheckpointModel,
    folder: Path,
    options: ExportOptions,
    coverage: dict[str, Count],
    unfused: dict[str, str],
) -> Manifest:
    manifest = describe(
        reference.checkpoint,
        read_graph(folder / MODEL),
        sha256=opened.sha256,
        mask_token=reference.mask_token,
        coverage=coverage,
        unfused=unfused,
    )
    return replace(
        manifest,
        precision=str(options.precision),
        target=options.target,
        ids=options.ids,
        fixed_shape=options.fixed_shape,
        trimmed_vocabulary=opened.trimmed_vocabulary,
        embedding_rows=reference.embedding_rows if reference.tokens_without_embedding else None,
    )


def _write_companions(
    reference: CheckpointModel, folder: Path, tokenizer: TokenizerDifference | None
) -> None:
    """Write tokenizer and configuration files."""
    checkpoint = reference.checkpoint
    write_tokenizer(reference.tokenizer, folder, checkpoint.max_length, checkpoint.spec.task)
    if tokenizer:
        _LOGGER.warning("%s", _told(checkpoint, tokenizer))
        name_no_class(reference.tokenizer, folder)
    write_config(reference.model.config, folder)
    if checkpoint.modules is not None:
        width = int(reference.model.config.hidden_size)
        write_sentence_transformers_files(checkpoint, folder, width)


def _told(checkpoint: Checkpoint, tokenizer: TokenizerDifference) -> str:
    reasons = {
        FILE: "as transformers 4 and all who read the file itself",
        CONFIG: "as transformers 4 and 5",
    }
    return (
        f"{checkpoint.id}: tokenizer.json cuts {tokenizer.text[:60]!r} into "
        f"{' '.join(tokenizer.file)[:120]}, transformers {installed_versions().get('transformers', '')} into "
        f"{' '.join(tokenizer.transformers)[:120]} ({tokenizer.texts} such texts of those tried); the "
        f"bundle follows {tokenizer.follows}, {reasons[tokenizer.follows]}"
    )


def _loaded_once(files: ModelFiles) -> Model:
    """The graph, ready to run on one session: where runs come together, a load opens another."""
    return open_files(files, one_caller(available_cores()))
