"""onnxruntime with its defaults, for both peers that run on it."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from benchmarks.batches import Batch, GraphEngine, in_threads
from benchmarks.protocol import (
    Batching,
    Setting,
    Sources,
    Vectors,
    Way,
    every_way,
    one_or_many,
)
from benchmarks.texts import open_tokenizer

MODES = ("plain", "fused")
"""The plain export, and the same after `onnxruntime.transformers.optimizer`: files of a folder."""

_BATCHINGS = (Batching(1, "texts"), Batching(32, "texts"), Batching(1024, "tokens"))


def ways(cores: int) -> tuple[Way, ...]:
    return every_way(one_or_many(cores, *MODES), _BATCHINGS)


def settings(threads: int) -> tuple[Setting, ...]:
    return tuple(Setting(threads, mode=mode) for mode in MODES)


def open_session(sources: Sources, folder: Path, setting: Setting) -> GraphEngine:
    """A session of `setting.threads`, called from `setting.callers` threads at a time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = setting.threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(folder / f"{setting.mode}.onnx"), options, providers=["CPUExecutionProvider"]
    )
    names = [node.name for node in session.get_inputs()]

    def run(batch: Batch) -> Vectors:
        hidden: Vectors = session.run(None, {name: batch.inputs[name] for name in names})[0]
        return hidden

    tokenizer = open_tokenizer(sources.checkpoint)
    return GraphEngine(tokenizer, in_threads(run, setting.callers))
