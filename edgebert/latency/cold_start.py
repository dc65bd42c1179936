"""`python -m edgebert.latency.cold_start BUNDLE`: one bundle's start, in this process alone.

Memory high-water belongs to a process, so each bundle is opened in one of its own. Prints one
JSON object: load_ms, first_inference_ms, peak_rss_mb (null where the system does not tell).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from time import perf_counter_ns

import edgebert
from edgebert.errors import EdgebertError
from edgebert.runtimes.session import import_onnxruntime

_TEXT = "The quick brown fox jumps over the lazy dog."


def cold_start(path: str) -> dict[str, float | None]:
    """Load a bundle and answer one text; packages are imported before the clock starts."""
    load = edgebert.load
    import_onnxruntime()
    start = perf_counter_ns()
    model = load(path)
    loaded = perf_counter_ns()
    model.outputs([_TEXT])
    answered = perf_counter_ns()
    return {
        "load_ms": (loaded - start) / 1e6,
        "first_inference_ms": (answered - loaded) / 1e6,
        "peak_rss_mb": peak_rss_mb(),
    }


def peak_rss_mb() -> float | None:
    """The most memory this process ever held, in 10^6 bytes."""
    if kilobytes := _linux_high_water():  # ru_maxrss there also counts who started this process
        return kilobytes * 1024 / 1e6
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _linux_high_water() -> int | None:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) if found else None


if __name__ == "__main__":
    try:
        print(json.dumps(cold_start(sys.argv[1])))
    except EdgebertError as error:
        sys.exit(str(error))
