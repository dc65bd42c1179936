"""`python -m published.row make|measure NAME FOLDER TOKENS`: one checkpoint, in its own process."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from edgebert.errors import EdgebertError
from edgebert.export import ExportOptions, export_model
from edgebert.records.codec import to_json
from published.checkpoints import make_published
from published.configurations import PUBLISHED
from published.record import Row


def measure(name: str, folder: Path, tokens: int) -> Row:
    """Export the checkpoint that lies in FOLDER/checkpoint, and say what it cost."""
    started = time.perf_counter()
    options = ExportOptions(max_length=tokens)
    fused: dict[str, tuple[int, int]] = {}
    unfused, refused, off_by = "", "", None
    try:
        record = export_model(folder / "checkpoint", folder / "bundle", options=options, force=True)
        fused = {part: (count.found, count.expected) for part, count in record.coverage.items()}
        unfused = "; ".join(record.unfused.values())
        off_by = max(case.max_abs for case in record.parity)
    except EdgebertError as error:
        refused = str(error)
    return Row(
        name=name,
        checkpoint=PUBLISHED[name].checkpoint,
        layers_left=PUBLISHED[name].layers_left,
        max_length=tokens,
        fused=fused,
        unfused=unfused,
        refused=refused,
        off_by=off_by,
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time(),
        peak_gb=_peak_bytes() / 1e9,
    )


def _peak_bytes() -> int:
    """Most memory that this process ever had: ru_maxrss is in KiB, and in bytes on macOS."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    step, chosen, place, longest = sys.argv[1:]
    if step == "make":
        make_published(Path(place) / "checkpoint", PUBLISHED[chosen])
    else:
        print(to_json(measure(chosen, Path(place), int(longest))))
