"""A checkpoint of a translator as two graphs, and all that a bundle says of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from edgebert.bundle import TARGET_TOKENIZER, ModelFiles
from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.translation.decoder import DecoderShape
from edgebert.errors import CheckpointError
from edgebert.export.float_manifest import describe
from edgebert.export.kinds import WrittenGraphs
from edgebert.export.options import ExportOptions
from edgebert.export.translation.decoder_runs import LIKELY
from edgebert.export.translation.parity import TranslatorParity
from edgebert.export.translation.tracing import GRAPHS, write_graphs
from edgebert.machine import release_numbers
from edgebert.onnx_graph.oldest_onnxruntime import oldest_onnxruntime
from edgebert.onnx_graph.reading import read_graph
from edgebert.records.manifest import (
    DECODER,
    ENCODER,
    SEVERAL_GRAPHS,
    Manifest,
    OnnxruntimeRange,
    Writing,
)
from edgebert.references.pytorch_translator import CheckpointTranslator

TARGETS = ("cpu", "portable")
"""What a translator is exported for."""


class ExportedTranslator:
    """A translator that is exported.

    Raises:
        CheckpointError: it cannot be loaded, or not be exported with these options.
    """

    def __init__(self, checkpoint: Checkpoint, options: ExportOptions) -> None:
        _require_fitting(options)
        self._options = options
        self.reference = CheckpointTranslator(checkpoint)

    def write_graphs(self, folder: Path) -> WrittenGraphs:
        """Write both graphs.

        Raises:
            CheckpointError: it cannot be traced, or not for this opset.
        """
        reference = self.reference
        return write_graphs(
            reference.checkpoint, folder, self._options, token_types=reference.feeds_types
        )

    def manifest(self, folder: Path, sha256: str, written: WrittenGraphs) -> Manifest:
        """What is to be said of both, as yet without files and drift."""
        graphs = {role: read_graph(folder / file) for role, file in GRAPHS.items()}
        manifest = describe(
            self.reference.checkpoint,
            graphs[ENCODER],
            sha256=sha256,
            mask_token=None,
            coverage=written.coverage,
            unfused=written.unfused,
        )
        tested = manifest.onnxruntime.tested
        oldest = oldest_onnxruntime(graphs[DECODER], tested=tested)
        return replace(
            manifest,
            format=SEVERAL_GRAPHS,
            outputs=(LIKELY,),
            onnxruntime=OnnxruntimeRange(
                max(oldest, manifest.onnxruntime.min, key=release_numbers), tested
            ),
            graphs=dict(GRAPHS),
            writing=_writing(self.reference.model.decoder.shape),
        )

    def write_beside(self, folder: Path) -> None:
        """Write the tokenizer of what it writes."""
        shutil.copyfile(
            self.reference.checkpoint.path / TARGET_TOKENIZER, folder / TARGET_TOKENIZER
        )

    def parity(self, files: ModelFiles) -> TranslatorParity:
        return TranslatorParity(self.reference, files)


def _writing(shape: DecoderShape) -> Writing:
    return Writing(
        layers=shape.layers,
        heads=shape.heads,
        head_width=shape.hidden // shape.heads,
        vocabulary=shape.vocabulary,
    )


def _require_fitting(options: ExportOptions) -> None:
    """Refuse what was asked for and graphs that hand each other their answers do not have.

    Raises:
        CheckpointError: the option, and what there is.
    """
    for asked, fits, way_out in (
        (f"--target {options.target}", options.target in TARGETS, " or ".join(TARGETS)),
        (f"--precision {options.precision}", options.precision == "fp32", "fp32"),
        (f"--ids {options.ids}", options.ids == "int64", "int64"),
    ):
        if not fits:
            option = asked.split()[0]
            raise CheckpointError(
                f"{asked} is not there for a translator, which has two graphs: take {option} {way_out}"
            )
