"""From checkpoint to float bundle: trace, clean, prove, seal."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from edgebert.bundle import ModelFiles, read_bundle
from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import tokenizer_difference
from edgebert.data.samples import GOLDEN_TEXTS
from edgebert.errors import GateError
from edgebert.export.companions import write_companions
from edgebert.export.encoder import ExportedEncoder
from edgebert.export.kinds import Exported, WrittenGraphs
from edgebert.export.options import ExportOptions, settle
from edgebert.export.parity import failed_parity, worst_parity
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.export.sealing import seal_proved
from edgebert.export.source.opened_checkpoint import Opened, opened_checkpoint
from edgebert.export.translation.translator import ExportedTranslator
from edgebert.machine import available_cores
from edgebert.output import new_folder, refuse_existing
from edgebert.records.made import ExportRecord
from edgebert.records.manifest import Manifest
from edgebert.records.profile import one_caller
from edgebert.runtimes import Model
from edgebert.runtimes.loading import open_files


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
    exported = _exported(checkpoint, options)
    reference = exported.reference
    readable_golden_texts(reference)  # says so if it reads none, before any work
    with new_folder(output, force=force) as folder:
        written = exported.write_graphs(folder)
        manifest = _manifest(opened, exported, folder, options, written)
        tokenizer = tokenizer_difference(checkpoint, reference.tokenizer, GOLDEN_TEXTS)
        write_companions(reference, folder, tokenizer)
        exported.write_beside(folder)
        files = ModelFiles(folder, manifest)
        parity = exported.parity(files)
        cases = parity.cases()
        atol = options.atol or parity.allowed_difference(cases)
        failures = (*written.lost, *failed_parity(cases, atol))
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
            coverage=written.coverage,
            unfused=written.unfused,
            seconds=time.perf_counter() - started,
            failures=failures,
            worst=worst_parity(cases, parity.batches),
            trimmed_vocabulary=opened.trimmed_vocabulary,
            tokenizer=tokenizer,
            tokens_without_embedding=reference.tokens_without_embedding,
            fingerprint=None if failures else str(read_bundle(folder).fingerprint()),
        )
        if failures:
            raise GateError(f"{checkpoint.id} was not exported: {'; '.join(failures)}", record)
    return record


def _exported(checkpoint: Checkpoint, options: ExportOptions) -> Exported:
    """The checkpoint with its kind's way of being exported."""
    kind = ExportedTranslator if checkpoint.spec.task.writes else ExportedEncoder
    return kind(checkpoint, options)


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


def _manifest(
    opened: Opened,
    exported: Exported,
    folder: Path,
    options: ExportOptions,
    written: WrittenGraphs,
) -> Manifest:
    reference = exported.reference
    return replace(
        exported.manifest(folder, opened.sha256, written),
        precision=str(options.precision),
        target=options.target,
        ids=options.ids,
        fixed_shape=options.fixed_shape,
        trimmed_vocabulary=opened.trimmed_vocabulary,
        embedding_rows=reference.embedding_rows if reference.tokens_without_embedding else None,
    )


def _loaded_once(files: ModelFiles) -> Model:
    """The graph, ready to run on one session: where runs come together, a load opens another."""
    return open_files(files, one_caller(available_cores()))
