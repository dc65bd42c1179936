"""fastembed with the same weights, registered as its custom model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType

from benchmarks.batches import share_out
from benchmarks.plain_export import plain_onnx
from benchmarks.protocol import (
    DIMENSIONS,
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

_NAME = "local/all-MiniLM-L6-v2"
_TOKENIZER = ("tokenizer.json", "config.json", "special_tokens_map.json")


class _Engine:
    def __init__(self, model: TextEmbedding, callers: int) -> None:
        self.model = model
        self.callers = callers

    def embed(self, texts: Sequence[str], batching: Batching, *, sort: bool) -> Vectors:
        def embed(chunk: list[str]) -> Vectors:
            return np.stack(list(self.model.embed(chunk, batch_size=batching.size)))

        return share_out(texts, embed, chunk=batching.size, callers=self.callers, sort=sort)

    def single(self, request: Request) -> Vectors:
        """It takes texts only: its time includes the tokenizer."""
        vector: Vectors = next(iter(self.model.embed([request.text])))
        return vector


def _make(sources: Sources) -> Path:
    """A folder in the layout that fastembed reads, with the max length of all peers."""
    folder = sources.folder / "fastembed_fp32"
    folder.mkdir()
    shutil.copyfile(plain_onnx(sources), folder / "model.onnx")
    for name in _TOKENIZER:
        shutil.copyfile(sources.checkpoint / name, folder / name)
    config = json.loads((sources.checkpoint / "tokenizer_config.json").read_text())
    config["model_max_length"] = MAX_LENGTH
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def _open(sources: Sources, folder: Path, setting: Setting) -> _Engine:
    if _NAME not in {model["model"] for model in TextEmbedding.list_supported_models()}:
        TextEmbedding.add_custom_model(
            model=_NAME,
            pooling=PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf=_NAME),
            dim=DIMENSIONS,
            model_file="model.onnx",
        )
    model = TextEmbedding(_NAME, threads=setting.threads, specific_model_path=str(folder))
    return _Engine(model, setting.callers)


PEER = Peer(
    title="fastembed fp32",
    precision="fp32",
    packages=("fastembed", "onnxruntime"),
    make=_make,
    ways=lambda cores: every_way(
        one_or_many(cores), (Batching(1, "texts"), Batching(32, "texts"), Batching(256, "texts"))
    ),
    settings=lambda threads: (Setting(threads),),
    open=_open,
    longest=MAX_LENGTH,
)
