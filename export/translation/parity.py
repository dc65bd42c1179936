"""The gate of a translator: both of its graphs answer as PyTorch does, or it is not written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from edgebert.arrays import Array
from edgebert.bundle import ModelFiles
from edgebert.export.parity.allowance import measured_allowance, movements_of
from edgebert.export.parity.batches import Batch, Ids, Mask
from edgebert.export.parity.cases import Settings, compare_everywhere
from edgebert.export.parity.comparison import Expected, Reading, expect
from edgebert.export.parity.gate import matrix
from edgebert.export.parity.sessions import run, sessions
from edgebert.export.readable_texts import readable_golden_texts
from edgebert.export.translation.decoder_runs import LIKELY, by_token, run_in_parts
from edgebert.export.translation.target_batches import Sources, TargetBatch, target_batches
from edgebert.export.translation.tracing import of_layers
from edgebert.records.made import ParityCase
from edgebert.records.manifest import DECODER, ENCODER
from edgebert.references.pytorch_translator import CheckpointTranslator
from edgebert.runtimes.sessions.session import open_session

_FEWEST = 4  # sources of the matrix of targets
_WRITTEN = 8  # of those, for which PyTorch writes


@dataclass(frozen=True)
class EveryToken(Reading):
    """Outputs that have a row for each token, which are compared wherever one stands."""

    def places(self, output: str, mask: Mask) -> Mask:
        return mask


class TranslatorParity:
    """Both graphs beside PyTorch.

    Args:
        reference: the translator in PyTorch.
        files: the bundle in the making.

    Attributes:
        sources, targets: what each of them is given.
        reading, writing: how their answers are compared.
    """

    def __init__(self, reference: CheckpointTranslator, files: ModelFiles) -> None:
        self._reference = reference
        self._files = files
        shape = reference.model.decoder.shape
        crossing = [*of_layers("cross_key", shape.layers), *of_layers("cross_value", shape.layers)]
        kept = [*of_layers("present_key", shape.layers), *of_layers("present_value", shape.layers)]
        self.reading = EveryToken(tuple(crossing), None, zero_padding=False)
        self.writing = EveryToken((LIKELY, *kept), None, zero_padding=False)
        self.sources = matrix(reference, files)
        self.targets = self._target_batches()

    @property
    def batches(self) -> tuple[Batch, ...]:
        return (*self.sources, *self.targets)

    def cases(self) -> tuple[ParityCase, ...]:
        """Compare both graphs under our settings and onnxruntime's."""
        read, written = map(self.ask, self.sources), map(self.ask, self.targets)
        encoder, decoder = self._sessions(ENCODER), self._sessions(DECODER)
        return (
            *compare_everywhere(list(read), self.reading, encoder, _run_encoder),
            *compare_everywhere(list(written), self.writing, decoder, run_in_parts),
        )

    def ask(self, batch: Batch) -> Expected:
        """What PyTorch answers."""
        if isinstance(batch, TargetBatch):
            return expect(batch, self.writing, partial(self._write, batch))
        return expect(batch, self.reading, self._cross)

    def allowed_difference(self, cases: Sequence[ParityCase]) -> float:
        """What `measured_allowance` makes of these cases."""
        precision = self._files.manifest.precision
        return measured_allowance(cases, self.batches, precision, self._movements)

    def _movements(self, batch: Batch) -> Iterator[float]:
        model, precision = self._reference.model, self._files.manifest.precision
        writes = isinstance(batch, TargetBatch)
        embeddings = model.decoder.embedding if writes else model.get_input_embeddings()
        return movements_of(lambda: self.ask(batch).values, embeddings, precision)

    def _sessions(self, role: str) -> Settings:
        ours = partial(open_session, self._files, role=role)
        return sessions(self._files.graph_path(role), ours)

    def _target_batches(self) -> tuple[TargetBatch, ...]:
        texts = [str(text) for text in readable_golden_texts(self._reference)][:_WRITTEN]
        while len(texts) < _FEWEST:
            texts += texts
        source = self._reference.encode(texts)
        cross = self._cross_of(source)
        written = [row[:, 0].astype(np.int64) for row in self._reference.outputs(texts)]
        sources = Sources(cross, source["attention_mask"])
        return target_batches(
            sources, [row.tolist() for row in written], self._reference.model.config.vocab_size
        )

    def _cross(self, inputs: Mapping[str, Ids]) -> dict[str, Array]:
        return {name: by_token(values) for name, values in self._cross_of(inputs).items()}

    @torch.inference_mode()
    def _cross_of(self, inputs: Mapping[str, Ids]) -> dict[str, Array]:
        """What PyTorch makes of sources for each layer, by the names of the graphs."""
        model = self._reference.model
        cross = model.decoder.cross(model.read(_tensors(inputs)))
        return {
            f"cross_{part}.{layer}": kept.numpy()
            for layer, both in enumerate(cross)
            for part, kept in zip(("key", "value"), both, strict=True)
        }

    @torch.inference_mode()
    def _write(self, batch: TargetBatch, inputs: Mapping[str, Ids]) -> dict[str, Array]:
        """What PyTorch makes of whole targets at once, by the names of the graph."""
        decoder, rows = self._reference.model.decoder, len(inputs["input_ids"])
        beams = rows // len(batch.sources.mask)
        given = {
            name: torch.from_numpy(values).repeat_interleave(beams, dim=0)
            for name, values in {**batch.sources.cross, "mask": batch.sources.mask}.items()
        }
        cross = [
            (given[f"cross_key.{layer}"], given[f"cross_value.{layer}"])
            for layer in range(decoder.shape.layers)
        ]
        states, kept = decoder(torch.from_numpy(inputs["input_ids"]), cross, given["mask"])
        found = {LIKELY: decoder.logits(states).log_softmax(dim=-1).numpy()}
        for layer, both in enumerate(kept):
            for part, values in zip(("key", "value"), both, strict=True):
                found[f"present_{part}.{layer}"] = by_token(values.numpy())
        return found


def _run_encoder(session: object, outputs: tuple[str, ...], batch: Batch) -> dict[str, Array]:
    return {name: by_token(values) for name, values in run(session, outputs, batch).items()}


def _tensors(inputs: Mapping[str, Ids]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values) for name, values in inputs.items()}
