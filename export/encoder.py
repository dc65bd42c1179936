"""A checkpoint of an encoder as one graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgebert.bundle import MODEL, ModelFiles
from edgebert.checkpoint import Checkpoint
from edgebert.export.float_manifest import describe
from edgebert.export.half_precision import Batch as Fed
from edgebert.export.kinds import WrittenGraphs
from edgebert.export.operators.coverage import coverage_of, lost_coverage
from edgebert.export.options import ExportOptions
from edgebert.export.parity import allowed_difference, matrix, parity_cases
from edgebert.export.parity.batches import Batch
from edgebert.export.passes.trace_notes import drop_trace_notes
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.export.targets import shape_for_target
from edgebert.export.tokenizer_files import write_sentence_transformers_files
from edgebert.export.traced_file import load_traced
from edgebert.export.tracing import trace
from edgebert.machine import installed_versions
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.onnx_graph.reading import read_graph
from edgebert.records.made import ParityCase
from edgebert.records.manifest import Manifest
from edgebert.references.pytorch_model import CheckpointModel

_ROWS = 4  # of texts at a time, whose every intermediate value may be kept


class ExportedEncoder:
    """An encoder that is exported, with or without a head."""

    def __init__(self, checkpoint: Checkpoint, options: ExportOptions) -> None:
        self._options = options
        self.reference = CheckpointModel(checkpoint)

    def write_graphs(self, folder: Path) -> WrittenGraphs:
        """Write the graph."""
        path, reference, options = folder / MODEL, self.reference, self._options
        traced = trace(reference.checkpoint, path, options, token_types=reference.feeds_types)
        model = load_traced(path)
        watched = _real_batches(reference, options) if options.precision == "fp16" else ()
        shape_for_target(model, options, watched)
        del model.graph.value_info[:]  # shapes under names that the passes took away or gave anew
        model.producer_name = "edgebert"
        model.producer_version = installed_versions().get("torch", "")
        coverage, lost = coverage_of(model, traced), lost_coverage(model, traced)
        drop_trace_notes(model)
        save_model(model, path, options.external_data_bytes)
        return WrittenGraphs(coverage, lost, traced.unfused)

    def manifest(self, folder: Path, sha256: str, written: WrittenGraphs) -> Manifest:
        return describe(
            self.reference.checkpoint,
            read_graph(folder / MODEL),
            sha256=sha256,
            mask_token=self.reference.mask_token,
            coverage=written.coverage,
            unfused=written.unfused,
        )

    def write_beside(self, folder: Path) -> None:
        """Say how vectors are made of tokens, as sentence-transformers does."""
        checkpoint = self.reference.checkpoint
        if checkpoint.modules is not None:
            width = int(self.reference.model.config.hidden_size)
            write_sentence_transformers_files(checkpoint, folder, width)

    def parity(self, files: ModelFiles) -> EncoderParity:
        return EncoderParity(self.reference, files)


class EncoderParity:
    """The graph beside PyTorch."""

    def __init__(self, reference: CheckpointModel, files: ModelFiles) -> None:
        self._reference, self._files = reference, files

    @property
    def batches(self) -> tuple[Batch, ...]:
        return matrix(self._reference, self._files)

    def cases(self) -> tuple[ParityCase, ...]:
        return parity_cases(self._reference, self._files)

    def allowed_difference(self, cases: Sequence[ParityCase]) -> float:
        return allowed_difference(cases, self._reference, self._files)


def _real_batches(reference: CheckpointModel, options: ExportOptions) -> list[Fed]:
    """The golden texts as the graph takes them."""
    texts = readable_golden_texts(reference)
    rows, tokens = options.fixed_shape or (_ROWS, 0)
    groups = [texts[start : start + rows] for start in range(0, len(texts) - rows + 1, rows)]
    return [_as_given(reference.encode(group), options, tokens) for group in groups]


def _as_given(
    inputs: Mapping[str, npt.NDArray[np.int64]], options: ExportOptions, tokens: int
) -> Fed:
    def padded(values: npt.NDArray[np.int64]) -> npt.NDArray[np.generic]:
        short = max(0, tokens - values.shape[1])
        return np.pad(values, ((0, 0), (0, short))).astype(options.ids)

    return {name: padded(values) for name, values in inputs.items()}
