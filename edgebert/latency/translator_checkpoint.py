"""The checkpoint of a translator as PyTorch runs it: the yardstick for what its bundle gains.

Texts go sorted by length, in padded batches of 32, and each is translated at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.translation.decoder import with_more
from edgebert.checkpoint.translation.decoding import write_targets
from edgebert.checkpoint.translation.opening import open_translator
from edgebert.data import Text
from edgebert.latency.rounds import Call
from edgebert.latency.shapes import Shape, random_inputs
from edgebert.latency.translator import single_texts

_BATCH = 32


class LoadedTranslatorCheckpoint:
    """A `LoadedModel` that translates, following so many targets of a sentence side by side."""

    provider = "PyTorch"

    def __init__(self, checkpoint: Checkpoint, beam: int) -> None:
        self.checkpoint = checkpoint
        self.beam = beam
        self.opened = open_translator(checkpoint)

    def on_shape(self, shape: Shape) -> Call:
        return self._writing(shape, shape.length)

    def on_first_token(self, shape: Shape) -> Call | None:
        return self._writing(shape, 1)

    def on_texts(self, texts: Sequence[Text]) -> Call:
        return partial(self._translations, single_texts(texts))

    def token_counts(self, texts: Sequence[Text]) -> list[int]:
        return [len(ids) for ids in self._encode(single_texts(texts))["input_ids"]]

    def _writing(self, shape: Shape, tokens: int) -> Call:
        names = self.opened.tokenizer.model_input_names
        rows = int(self.opened.model.get_input_embeddings().weight.shape[0])
        inputs = random_inputs(min(len(self.opened.tokenizer), rows), names, shape)
        source = {name: torch.from_numpy(ids) for name, ids in inputs.items()}
        if self.beam == 1:
            return partial(self._write_likeliest, source, tokens)
        return partial(write_targets, self.opened.model, source, beams=self.beam, tokens=tokens)

    @torch.inference_mode()
    def _write_likeliest(self, source: dict[str, torch.Tensor], tokens: int) -> None:
        """Write so many tokens of each target, the likeliest ones, whatever they say."""
        model, mask = self.opened.model, source["attention_mask"]
        cross = model.decoder.cross(model.read(source))
        last = torch.full((len(mask), 1), model.config.bos_token_id)
        past = None
        for _ in range(tokens):
            states, kept = model.decoder(last, cross, mask, past)
            past = list(map(with_more, past, kept)) if past else kept
            last = model.decoder.logits(states[:, -1]).log_softmax(dim=-1).argmax(-1, keepdim=True)

    def _translations(self, texts: Sequence[str]) -> list[str]:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
        written = [""] * len(texts)
        for start in range(0, len(order), _BATCH):
            group = order[start : start + _BATCH]
            source = self._encode([texts[i] for i in group], padding=True, return_tensors="pt")
            targets = write_targets(self.opened.model, dict(source), beams=self.beam)
            for i, text in zip(group, self.opened.target.decode_batch(targets), strict=True):
                written[i] = text
        return written

    def _encode(self, texts: Sequence[str], **options: Any) -> Any:
        limit = self.checkpoint.max_length
        return self.opened.tokenizer(list(texts), truncation=True, max_length=limit, **options)
