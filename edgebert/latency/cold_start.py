"""`python -m edgebert.latency.cold_start MODEL PROVIDER KERNELS MAX_LENGTH BEAM [--ragged]`: one start, in this process.

Memory belongs to a process, so each model is opened in one of its own. Prints a `Start` as JSON.
"""

from __future__ import annotations

import sys
from time import perf_counter_ns

from edgebert.errors import EdgebertError
from edgebert.latency.memory import peak_mb, ragged_memory
from edgebert.latency.models import Start
from edgebert.latency.opening import open_model
from edgebert.records.codec import to_json

_TEXT = "The quick brown fox jumps over the lazy dog."


def cold_start(
    path: str, provider: str, kernels: str, max_length: int, beam: int, *, ragged: bool
) -> Start:
    """Load a model and answer a text; opening it imports its packages before the clock starts.

    Args:
        path: a bundle or a checkpoint.
        provider: the execution provider of a bundle.
        kernels: whether kernels run a bundle, as in `edgebert.load`.
        max_length: tokens at which a checkpoint truncates.
        beam: targets that a translator follows side by side.
        ragged: then also measure memory under texts of many lengths.
    """
    model = open_model(path, provider=provider, kernels=kernels, max_length=max_length, beam=beam)
    start = perf_counter_ns()
    with model.load(None) as loaded:
        ready = perf_counter_ns()
        loaded.on_texts([_TEXT])()
        answered = perf_counter_ns()
        peak = peak_mb()
        return Start(
            provider=loaded.provider,
            load_ms=(ready - start) / 1e6,
            first_inference_ms=(answered - ready) / 1e6,
            peak_rss_mb=peak,
            ragged_memory=ragged_memory(loaded, max_length) if ragged else None,
        )


if __name__ == "__main__":
    try:
        path, provider, kernels, max_length, beam, *ragged = sys.argv[1:]
        limits = int(max_length), int(beam)
        start = cold_start(path, provider, kernels, *limits, ragged=bool(ragged))
        print(to_json(start))
    except EdgebertError as error:
        sys.exit(str(error))
