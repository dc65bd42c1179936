"""sentence-transformers as it comes: PyTorch, fp32."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from benchmarks.batches import share_out
from benchmarks.protocol import (
    MAX_LENGTH,
    Batching,
    Peer,
    Request,
    Setting,
    Sources,
    Vectors,
    every_way,
    one_or_many,
)


class _Engine:
    def __init__(self, model: SentenceTransformer, setting: Setting) -> None:
        self.model = model
        self.setting = setting

    def embed(self, texts: Sequence[str], batching: Batching, *, sort: bool) -> Vectors:
        torch.set_num_threads(self.setting.threads)

        def encode(chunk: list[str]) -> Vectors:
            vectors = self.model.encode(chunk, batch_size=batching.size, show_progress_bar=False)
            return np.asarray(vectors, np.float32)

        callers = self.setting.callers
        return share_out(texts, encode, chunk=2 * batching.size, callers=callers, sort=sort)

    def single(self, request: Request) -> Vectors:
        torch.set_num_threads(self.setting.threads)
        ids = torch.tensor([request.ids])
        inputs = {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "token_type_ids": torch.zeros_like(ids),
        }
        with torch.inference_mode():
            vector: Vectors = self.model(inputs)["sentence_embedding"][0].numpy()
        return vector


def _open(sources: Sources, path: Path, setting: Setting) -> _Engine:
    model = SentenceTransformer(str(path), device="cpu", local_files_only=True)
    model.max_seq_length = MAX_LENGTH
    return _Engine(model.eval(), setting)


PEER = Peer(
    title="sentence-transformers fp32",
    precision="fp32",
    packages=("sentence-transformers", "torch", "transformers"),
    make=lambda sources: sources.checkpoint,
    ways=lambda cores: every_way(
        one_or_many(cores), (Batching(8, "texts"), Batching(32, "texts"), Batching(128, "texts"))
    ),
    settings=lambda threads: (Setting(threads),),
    open=_open,
)
