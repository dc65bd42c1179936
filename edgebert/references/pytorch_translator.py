"""A translator as PyTorch runs it: the reference that its two graphs are held to.

Each target is written greedily, and read once more as a whole for the probabilities of its tokens: no
step of a search is shared with a bundle. What is a sentence, and what of it stays as it is, both take
from the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tokenizers
import torch
from torch import Tensor

from edgebert.arrays import Array
from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.translation.decoding import (
    LENGTH_PENALTY,
    longest_target,
    write_targets,
)
from edgebert.checkpoint.translation.model import TranslationModel
from edgebert.checkpoint.translation.opening import fitting_target_tokenizer
from edgebert.checkpoint.translation.target_tokenizer import BEGIN_ID, END_ID, PAD_ID
from edgebert.data import Text
from edgebert.progress import track
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.references.translator_probe import CROSS
from edgebert.runtimes.translation.options import TranslationOptions
from edgebert.runtimes.translation.pieces import Source, Translating, together
from edgebert.runtimes.translation.search import Target
from edgebert.runtimes.translation.texts import InSentences
from edgebert.runtimes.translation.tokenizers_of import TranslatorTokenizers
from edgebert.tasks.next_tokens import NextTokens
from edgebert.tasks.translations import Translated

_BATCH = 16
_GREEDY = TranslationOptions(beam=1, n_best=1, length_penalty=LENGTH_PENALTY, max_length=None)

A = TypeVar("A")


class CheckpointTranslator(CheckpointModel):
    """A translator loaded into PyTorch, in evaluation mode."""

    model: TranslationModel

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint)
        self.target = fitting_target_tokenizer(checkpoint, self.model)
        source = self.tokenizer.backend_tokenizer
        self._tokenizers = TranslatorTokenizers(source, self.target, self.max_length)

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Of each text float32 [tokens, 2]: the id and the log-probability of each token written.

        The end's is the last, unless the target did not end by its limit.
        """
        self._require_readable(texts)

        def written(group: Sequence[int]) -> list[Array]:
            return self._written(_tensors(self.encode([texts[place] for place in group])))

        return self._in_groups(list(map(len, texts)), written, progress=progress)

    def translate(self, texts: Sequence[str], *, progress: bool = False) -> list[Translated]:
        """The translation of each text, as `edgebert.runtimes.Model.translate` gives it."""
        self._require_readable(texts)
        reading = InSentences(Translating(self._tokenizers, _GREEDY, END_ID))
        parts = reading.parts(texts)
        writing = together([part.writer() for some in parts for part in some])
        try:
            asked = next(writing)
            while True:
                asked = writing.send(self._targets_of(asked, progress=progress))
        except StopIteration as end:
            rows = iter(end.value)
        return [
            reading.found(text, some, [next(rows) for _ in some])
            for text, some in zip(texts, parts, strict=True)
        ]

    def next_tokens(
        self, pairs: Sequence[tuple[str, str]], *, progress: bool = False
    ) -> list[NextTokens]:
        """What would be written next at each place of given targets."""
        sources = [source for source, _ in pairs]
        self._require_readable(sources)
        targets = [
            [*one.ids, END_ID] for one in self.target.encode_batch([two for _, two in pairs])
        ]

        def forced(group: Sequence[int]) -> list[NextTokens]:
            read = _tensors(self.encode([sources[place] for place in group]))
            return self._read_targets(read, [targets[place] for place in group])

        return self._in_groups(list(map(len, targets)), forced, progress=progress)

    def _targets_of(self, asked: Sequence[Source], *, progress: bool) -> list[list[Target]]:
        """The likeliest target of each source."""

        def written(group: Sequence[int]) -> list[Array]:
            return self._written(self._read_sources([asked[place].encoding for place in group]))

        lengths = [len(one.encoding) for one in asked]
        return [[_target(row)] for row in self._in_groups(lengths, written, progress=progress)]

    def run(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, Array]:
        """Keys and values of sources for all layers of the decoder, float32 [batch, tokens, width]."""
        with torch.inference_mode():
            cross = self.model.decoder.cross(self.model.read(_tensors(inputs)))
        parts = [one.transpose(1, 2).flatten(2) for kept in cross for one in kept]
        return {CROSS: torch.cat(parts, dim=-1).numpy()}

    @property
    def output_name(self) -> str:
        return CROSS

    def _in_groups(
        self, lengths: Sequence[int], answer: Callable[[Sequence[int]], list[A]], *, progress: bool
    ) -> list[A]:
        """The answers to texts by their places, in groups of similar length."""
        order = sorted(range(len(lengths)), key=lambda place: lengths[place])
        groups = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        found: dict[int, A] = {}
        for group in track(groups, "PyTorch reference") if progress else groups:
            found.update(zip(group, answer(group), strict=True))
        return [found[place] for place in range(len(lengths))]

    def _read_sources(self, encodings: Sequence[tokenizers.Encoding]) -> dict[str, Tensor]:
        """Sources that are tokenized, as the encoder takes them."""
        columns = {
            "input_ids": [one.ids for one in encodings],
            "attention_mask": [one.attention_mask for one in encodings],
        }
        if self.feeds_types:
            columns["token_type_ids"] = [one.type_ids for one in encodings]
        return _tensors(self._batch(columns))

    def _written(self, source: dict[str, Tensor]) -> list[Array]:
        limits = map(longest_target, source["attention_mask"].sum(dim=1).tolist())
        targets = [
            [*ids, END_ID] if len(ids) < limit else ids
            for ids, limit in zip(write_targets(self.model, source), limits, strict=True)
        ]
        return [
            np.stack([one.expected.astype(np.float32), one.log_probabilities[:, 1]], axis=1)
            for one in self._read_targets(source, targets)
        ]

    def _read_targets(
        self, source: dict[str, Tensor], targets: Sequence[Sequence[int]]
    ) -> list[NextTokens]:
        """What would be written at each place of targets, ids with their ends."""
        longest = max(map(len, targets), default=0)
        expected = torch.tensor([[*ids, *[PAD_ID] * (longest - len(ids))] for ids in targets])
        read = torch.cat((torch.full((len(targets), 1), BEGIN_ID), expected[:, :-1]), dim=1)
        likely = self._likely(source, read)
        best = likely.max(dim=-1)
        own = likely.gather(2, expected[..., None])[..., 0]
        both = torch.stack((best.values, own), dim=-1)
        return [
            NextTokens(
                np.asarray(ids, np.int64),
                best.indices[row, : len(ids)].numpy(),
                both[row, : len(ids)].numpy(),
            )
            for row, ids in enumerate(targets)
        ]

    @torch.inference_mode()
    def _likely(self, source: dict[str, Tensor], read: Tensor) -> Tensor:
        """Log-probabilities of what follows, float32 [rows, tokens, vocabulary]."""
        states = self.model(source, read)
        likely: Tensor = self.model.decoder.logits(states).log_softmax(dim=-1)
        return likely


def _target(row: Array) -> Target:
    """What was written, float32 [tokens, 2], as a search tells it."""
    sums = row[:, 1].cumsum().tolist()
    return Target(sums[-1] / len(row) ** LENGTH_PENALTY, tuple(map(int, row[:, 0])), tuple(sums))


def in_pytorch(checkpoint: Checkpoint) -> CheckpointModel:
    """A checkpoint of any task, as PyTorch runs it."""
    writes = checkpoint.spec.task.writes
    return CheckpointTranslator(checkpoint) if writes else CheckpointModel(checkpoint)


def _tensors(inputs: Mapping[str, Any]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(value) for name, value in inputs.items()}
