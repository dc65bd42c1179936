"""An OpenVINO model, compiled for many texts or for single requests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openvino

from benchmarks.batches import Batch, GraphEngine, RunAll, Take
from benchmarks.protocol import Batching, Setting, Sources, Way, every_way
from benchmarks.texts import open_tokenizer

_BATCHINGS = (Batching(1, "texts"), Batching(32, "texts"), Batching(512, "tokens"))


def openvino_ways(cores: int) -> tuple[Way, ...]:
    """Streams through a queue, as OpenVINO advises for many texts, or all cores on each run."""
    settings = (Setting(1, cores, "THROUGHPUT"), Setting(cores, 1, "LATENCY"))
    return every_way(settings, (*_BATCHINGS, Batching(2048, "tokens")))


def open_openvino(sources: Sources, folder: Path, setting: Setting) -> GraphEngine:
    config: dict[str, Any] = {
        "PERFORMANCE_HINT": setting.mode,
        "INFERENCE_NUM_THREADS": setting.threads * setting.callers,
    }
    if setting.mode == "THROUGHPUT":
        config["NUM_STREAMS"] = setting.callers
    model = openvino.Core().compile_model(folder / "model.xml", "CPU", config)
    run_all = _queued(model) if setting.mode == "THROUGHPUT" else _one_by_one(model)
    return GraphEngine(open_tokenizer(sources.checkpoint), run_all)


def _one_by_one(model: Any) -> RunAll:
    request = model.create_infer_request()

    def run_all(batches: Iterable[Batch], take: Take) -> None:
        for batch in batches:
            request.infer(batch.inputs, share_inputs=True)
            take(batch, request.get_output_tensor(0).data)

    return run_all


def _queued(model: Any) -> RunAll:
    queue = openvino.AsyncInferQueue(model)  # as many requests as the hint finds best

    def run_all(batches: Iterable[Batch], take: Take) -> None:
        queue.set_callback(lambda request, batch: take(batch, request.get_output_tensor(0).data))
        for batch in batches:
            queue.start_async(batch.inputs, batch, share_inputs=True)
        queue.wait_all()

    return run_all
