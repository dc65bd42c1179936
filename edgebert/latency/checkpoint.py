"""A checkpoint as PyTorch runs it at its best: the yardstick for what a bundle gains.

Texts take sentence-transformers' way: sorted by length, in padded batches of 32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edgebert.arrays import Array
from edgebert.bundle import TARGET_TOKENIZER
from edgebert.checkpoint import TOKENIZER_FILES, Checkpoint
from edgebert.checkpoint.pytorch import load_model, load_tokenizer, refuse_unknown_ids
from edgebert.checkpoint.sentence_head import SentenceHead
from edgebert.checkpoint.translation.target_tokenizer import read_target_tokenizer
from edgebert.data import Text
from edgebert.latency.models import LoadedModel, TimedModel, check_beam_of
from edgebert.latency.rounds import Call
from edgebert.latency.shapes import Shape, random_inputs
from edgebert.latency.translator_checkpoint import LoadedTranslatorCheckpoint
from edgebert.machine import available_cores
from edgebert.weight_files import read_tensors

_BATCH = 32
_OTHER_FILES = ("*.json", "*.txt", "[0-9]_*/*")
_TABLES = ("embeddings.weight", "decoder.embedding.weight")


class LoadedCheckpoint:
    """A `LoadedModel`."""

    provider = "PyTorch"

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.model = refuse_unknown_ids(load_model(checkpoint))
        self.tokenizer = load_tokenizer(checkpoint)
        self.head = SentenceHead.of(checkpoint) if checkpoint.modules else None

    def on_shape(self, shape: Shape) -> Call:
        names = self.tokenizer.model_input_names
        rows = int(self.model.get_input_embeddings().weight.shape[0])
        inputs = random_inputs(min(len(self.tokenizer), rows), names, shape)
        return partial(self._run, {name: torch.from_numpy(ids) for name, ids in inputs.items()})

    def on_first_token(self, shape: Shape) -> Call | None:
        return None

    def on_texts(self, texts: Sequence[Text]) -> Call:
        return partial(self._outputs, texts)

    def token_counts(self, texts: Sequence[Text]) -> list[int]:
        return [len(ids) for ids in self._encode(texts)["input_ids"]]

    def _outputs(self, texts: Sequence[Text]) -> list[Array]:
        order = sorted(range(len(texts)), key=lambda i: len("".join(texts[i])), reverse=True)
        rows: list[Array] = [np.empty(0, np.float32)] * len(texts)
        for start in range(0, len(order), _BATCH):
            group = order[start : start + _BATCH]
            inputs = self._encode([texts[i] for i in group], padding=True, return_tensors="pt")
            for i, row in zip(group, self._run(inputs).numpy(), strict=True):
                rows[i] = row
        return rows

    def _encode(self, texts: Sequence[Text], **options: Any) -> Any:
        task = self.checkpoint.spec.task
        pairs = task.inputs_of(texts)
        sides = [[text] if isinstance(text, str) else list(text) for text in pairs]
        columns = [list(column) for column in zip(*sides, strict=True)]
        limit = self.checkpoint.max_length
        cut = task.truncation
        return self.tokenizer(*columns, truncation=cut, max_length=limit, **options)

    @torch.inference_mode()
    def _run(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Embeddings [batch, dim], or logits, of int64 [batch, sequence] inputs."""
        result = self.model(**inputs)
        if self.head is None:
            first: torch.Tensor = result[0]  # logits; of starts, for question answering
            return first
        embeddings: torch.Tensor = self.head(result.last_hidden_state, inputs["attention_mask"])
        return embeddings


def timed_checkpoint(
    path: str, checkpoint: Checkpoint, *, max_length: int | None, beam: int
) -> TimedModel:
    """A checkpoint for timing.

    Args:
        path: what the user called it.
        checkpoint: what was found there.
        max_length: the most tokens it may read; by default its own limit.
        beam: targets that a translator follows side by side.

    Raises:
        CheckpointError: the tokenizer of what it writes cannot be read.
        InputError: it does not write by this beam.
    """
    task = checkpoint.spec.task
    written = read_target_tokenizer(checkpoint.path).get_vocab_size() if task.writes else 0
    beam = check_beam_of(path, task, written, beam)
    limit = min(max_length or checkpoint.max_length, checkpoint.max_length)
    checkpoint = replace(checkpoint, max_length=limit)
    sizes = _sizes(checkpoint)
    return TimedModel(
        path=path,
        source=str(checkpoint.root),
        sha256=checkpoint.sha256(),
        precision="fp32",
        task=task,
        max_length=limit,
        size_bytes=sizes["total"],
        sizes=sizes,
        load=partial(_loaded, checkpoint, beam),
        beam=beam,
    )


@contextmanager
def _loaded(checkpoint: Checkpoint, beam: int, threads: int | None) -> Iterator[LoadedModel]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads or available_cores())
    try:
        if checkpoint.spec.task.writes:
            yield LoadedTranslatorCheckpoint(checkpoint, beam)
        else:
            yield LoadedCheckpoint(checkpoint)
    finally:
        torch.set_num_threads(before)


def _sizes(checkpoint: Checkpoint) -> dict[str, int]:
    """Bytes by part of what PyTorch reads; a folder may hold the same weights in other formats."""
    weights = sorted(checkpoint.path.glob("*.safetensors"))
    tokenizer = {checkpoint.path / name for name in (*TOKENIZER_FILES, TARGET_TOKENIZER)}
    others = {file for pattern in _OTHER_FILES for file in checkpoint.root.glob(pattern)}
    files = {
        "model": sum(file.stat().st_size for file in weights),
        "tokenizer": sum(file.stat().st_size for file in tokenizer if file.is_file()),
        "other_files": sum(file.stat().st_size for file in others - tokenizer),
    }
    return _weight_sizes(weights) | files | {"total": sum(files.values())}


def _weight_sizes(files: Sequence[Path]) -> dict[str, int]:
    """Bytes of tensors by part, from the headers of safetensors files."""
    sizes = {"embeddings": 0, "matmul_weights": 0, "other_weights": 0}
    for file in files:
        for name, tensor in read_tensors(file).items():
            begin, end = tensor["data_offsets"]
            sizes[_part(name, tensor["shape"])] += end - begin
    return sizes


def _part(name: str, shape: Sequence[int]) -> str:
    if len(shape) != 2:
        return "other_weights"
    return "embeddings" if name.endswith(_TABLES) else "matmul_weights"
