"""CTranslate2, int8."""

from __future__ import annotations

from pathlib import Path

import ctranslate2
import numpy as np

from benchmarks.batches import Batch, GraphEngine, in_threads
from benchmarks.protocol import (
    Batching,
    Peer,
    Setting,
    Sources,
    Vectors,
    every_way,
    one_or_many,
)
from benchmarks.texts import open_tokenizer

_BATCHINGS = (Batching(1, "texts"), Batching(32, "texts"), Batching(1024, "tokens"))


def _make(sources: Sources) -> Path:
    folder = sources.folder / "ctranslate2_int8"
    converter = ctranslate2.converters.TransformersConverter(str(sources.checkpoint))
    converter.convert(str(folder), quantization="int8")
    return folder


def _open(sources: Sources, folder: Path, setting: Setting) -> GraphEngine:
    encoder = ctranslate2.Encoder(
        str(folder),
        compute_type="int8",
        inter_threads=setting.callers,
        intra_threads=setting.threads,
    )

    def run(batch: Batch) -> Vectors:
        ids = batch.inputs["input_ids"].astype(np.int32)
        lengths = batch.inputs["attention_mask"].sum(axis=1, dtype=np.int32)
        output = encoder.forward_batch(
            ctranslate2.StorageView.from_array(ids),
            lengths=ctranslate2.StorageView.from_array(lengths),
        )
        return np.asarray(output.last_hidden_state)

    return GraphEngine(open_tokenizer(sources.checkpoint), in_threads(run, setting.callers))


PEER = Peer(
    title="CTranslate2 int8",
    precision="int8",
    packages=("ctranslate2",),
    make=_make,
    ways=lambda cores: every_way(one_or_many(cores), _BATCHINGS),
    settings=lambda threads: (Setting(threads),),
    open=_open,
)
