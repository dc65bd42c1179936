"""Somebody else's export in, the same model fused and proved out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from edgebert.bundle import MODEL, ModelFiles, file_sha256, read_bundle
from edgebert.checkpoint import Checkpoint
from edgebert.errors import GateError, InputError
from edgebert.export.float_manifest import describe
from edgebert.export.foreign.companions import write_companions
from edgebert.export.foreign.folder import describe_folder, find_graph
from edgebert.export.foreign.fusion import Fusion, fuse
from edgebert.export.foreign.graph import embedding_rows, ids_type
from edgebert.export.foreign.operator_counts import count_operators, coverage_after
from edgebert.export.foreign.original import Original, open_original
from edgebert.export.foreign.outputs import give_bundle_outputs, task_told_by
from edgebert.export.foreign.parity import Reference, parity_with_original
from edgebert.export.foreign.token_types import leave_out_token_types
from edgebert.export.options import ExportOptions
from edgebert.export.parity.batches import Batch
from edgebert.export.parity.cases import default_atol, failed_parity
from edgebert.export.parity.comparison import Reading
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.export.sealing import seal_proved
from edgebert.export.targets import shape_for_target
from edgebert.onnx_graph.external_data import external_files
from edgebert.onnx_graph.in_memory.model_file import needs_two_files, save_model
from edgebert.onnx_graph.reading import read_graph
from edgebert.output import new_file, new_folder, refuse_existing
from edgebert.records.made import OptimizeRecord, ParityCase
from edgebert.references.onnx_file import OnnxFile, traits_of
from edgebert.runtimes import Model
from edgebert.runtimes.loading import open_files


@dataclass(frozen=True)
class OptimizeOptions:
    """What may be chosen.

    Attributes:
        task: of a folder's graph; by default what its outputs and its config.json say.
        max_length: longest input in tokens; by default what the folder says, or for a lone file
            the most that it runs, up to 512.
        atol: largest absolute difference to the original that still passes; by default what is
            rounding.
    """

    task: str | None = None
    max_length: int | None = None
    atol: float | None = None


def optimize_export(
    source: str | Path,
    output: str | Path,
    *,
    options: OptimizeOptions | None = None,
    force: bool = False,
) -> OptimizeRecord:
    """Fuse a graph that another tool exported, and prove it against the original.

    Args:
        source: a folder as optimum, sentence-transformers or transformers.js lay it out, which
            becomes a bundle, or a lone .onnx file, which becomes a lone .onnx file. Where there is
            nothing to fuse, the lone file is copied as it is.
        output: what to write.
        options: task, length and tolerance.
        force: replace `output` if it exists.

    Raises:
        InputError: `source` is no float graph of a text encoder.
        OutputError: `output` exists or cannot be written.
        GateError: parity with the original failed; nothing was written.
    """
    source, output, options = Path(source), Path(output), options or OptimizeOptions()
    refuse_existing(output, force=force, source=source)
    if source.is_dir():
        return _optimize_folder(source, output, options, force=force)
    if not source.is_file():
        raise InputError(f"{source} does not exist")
    if source.suffix != ".onnx" or output.suffix != ".onnx":
        raise InputError(
            f"{source} to {output}: a lone .onnx file becomes a lone .onnx file, "
            "and a folder becomes a bundle"
        )
    return _optimize_file(source, output, options, force=force)


@dataclass(frozen=True)
class _Result:
    """What was made of it."""

    fusion: Fusion
    cases: tuple[ParityCase, ...]
    failures: tuple[str, ...]
    atol: float
    dropped: tuple[str, ...] = ()
    tokens_without_embedding: tuple[str, ...] = ()


def _optimize_file(
    source: Path, output: Path, options: OptimizeOptions, *, force: bool
) -> OptimizeRecord:
    started = time.perf_counter()
    original = open_original(source)
    length = options.max_length or original.longest
    original.require_length(length)
    with new_file(output, force=force) as path:
        model, fusion = _fuse(original)
        if fusion.anything or external_files(source):
            _require_one_file(source, model)
            save_model(model, path)
            batches = original.matrix(length)
            result = _prove(original.session.run, path, batches, original.reading, fusion, options)
        else:
            shutil.copyfile(source, path)
            result = _Result(fusion, (), (), options.atol or 0.0)
        return _passed(_record(source, original, output, path, result, started))


def _optimize_folder(
    source: Path, output: Path, options: OptimizeOptions, *, force: bool
) -> OptimizeRecord:
    started = time.perf_counter()
    original = open_original(find_graph(source))
    task = options.task or task_told_by(original.session.outputs)
    described = describe_folder(source, task=task, max_length=options.max_length)
    original.require_length(described.max_length)
    with new_folder(output, force=force) as folder:
        result = _make_bundle(original, described, folder, options)
        return _passed(_record(source, original, output, folder / MODEL, result, started))


def _make_bundle(
    original: Original, described: Checkpoint, folder: Path, options: OptimizeOptions
) -> _Result:
    """Write a bundle, sealed if it equals the original."""
    model, fusion = _fuse(original)
    rows = embedding_rows(original.model)
    traits = traits_of(described)
    traits = replace(traits, spec=replace(traits.spec, embedding_rows=rows))
    if not traits.token_types:
        leave_out_token_types(model)
    dropped = give_bundle_outputs(model, described, original.reading)
    save_model(model, folder / MODEL)
    write_companions(described, folder)
    graph = _bundle_model(described, original, folder, fusion)
    reference = OnnxFile(original.path, traits, graph.tokenizer, original.session.session)
    if reference.tokens_without_embedding:
        graph = open_files(ModelFiles(folder, replace(graph.manifest, embedding_rows=rows)))
    texts = reference.encode(readable_golden_texts(reference))
    batches = original.matrix(
        described.max_length,
        names=graph.manifest.inputs,
        pad_id=int(described.config.get("pad_token_id") or 0),
        texts=texts,
    )
    reading = Reading(graph.manifest.outputs, graph.spec.task, zero_padding=False)
    result = _prove(reference.run, folder / MODEL, batches, reading, fusion, options)
    failures = result.failures or tuple(seal_proved(reference, graph, result.atol))
    beyond = reference.tokens_without_embedding
    return replace(result, dropped=dropped, failures=failures, tokens_without_embedding=beyond)


def _passed(record: OptimizeRecord) -> OptimizeRecord:
    if record.failures:
        raise GateError(f"{record.source} was not optimized: {'; '.join(record.failures)}", record)
    return record


def _require_one_file(source: Path, model: onnx.ModelProto) -> None:
    if needs_two_files(model):
        raise InputError(
            f"{source} with its weights does not fit into one file; "
            "name its folder, which becomes a bundle"
        )


def _fuse(original: Original) -> tuple[onnx.ModelProto, Fusion]:
    model, fusion = fuse(original.model, original.longest)
    if fusion.anything:
        shape_for_target(model, ExportOptions())
        del model.graph.value_info[:]
    return model, fusion


def _bundle_model(described: Checkpoint, original: Original, folder: Path, fusion: Fusion) -> Model:
    """The new graph as the model of a bundle that has no manifest on disk yet."""
    unfused = "; ".join(fusion.attention.reasons)
    manifest = describe(
        described,
        read_graph(folder / MODEL),
        sha256=file_sha256(original.path),
        mask_token=traits_of(described).spec.mask_token,
        coverage=coverage_after(folder / MODEL, fusion),
        unfused={"attention": unfused} if unfused else {},
    )
    manifest = replace(
        manifest, ids=ids_type(original.model), fixed_shape=original.session.fixed_shape
    )
    return open_files(ModelFiles(folder, manifest))


def _prove(
    reference: Reference,
    path: Path,
    batches: Sequence[Batch],
    reading: Reading,
    fusion: Fusion,
    options: OptimizeOptions,
) -> _Result:
    cases = parity_with_original(reference, path, batches, reading)
    atol = options.atol or default_atol("fp32", cases)
    return _Result(fusion, cases, tuple(failed_parity(cases, atol, "the original")), atol)


def _record(
    source: Path, original: Original, output: Path, path: Path, result: _Result, started: float
) -> OptimizeRecord:
    """The record of a graph that lies at `path` until all is done."""
    alone = path.parent == output.resolve().parent
    files = [path] if alone else list(path.parent.rglob("*"))
    sealed = None if alone or result.failures else read_bundle(path.parent)
    return OptimizeRecord(
        source=str(source),
        graph=str(original.path),
        output=str(output),
        passed=not result.failures,
        changed=result.fusion.anything,
        before=count_operators(original.path),
        after=count_operators(path),
        coverage=coverage_after(path, result.fusion),
        unfused=result.fusion.attention.reasons,
        dropped_outputs=result.dropped,
        size_bytes=sum(file.stat().st_size for file in files if file.is_file()),
        atol=result.atol,
        parity=result.cases,
        seconds=time.perf_counter() - started,
        failures=result.failures,
        tokens_without_embedding=result.tokens_without_embedding,
        fingerprint=str(sealed.fingerprint()) if sealed else None,
    )
