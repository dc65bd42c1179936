"""Many requests at a time, each of which must get its own answer, also where there is no room for all."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from clients.programs import in_python
from clients.questions import REAL
from clients.raw import post, sent
from clients.served import Process, serving
from edgebert.arrays import Array
from edgebert.runtimes import Model

_TEXTS = 400
_WORDS = "turn off the lamp in kitchen and bedroom where Anna is not 灯 café 12 please".split()
_LITTLE_ROOM = 300
"""Tokens that may wait: about ten texts, of 64 that are asked for at a time."""


def crowds_get_their_own(server: Process, model: Model, bundle: Path) -> Iterator[str]:
    """What was mixed up or lost.

    Args:
        server: runs with all bundles.
        model: the real embedder.
        bundle: the same.
    """
    generator = random.Random(7)
    texts = [" ".join(generator.choices(_WORDS, k=generator.randint(1, 60))) for _ in range(_TEXTS)]
    meant = model.embed(texts)
    yield from _mixed_up("a crowd", server, texts, meant)
    little = ("--max-waiting-tokens", str(_LITTLE_ROOM), "--drain", "0")
    with serving({REAL: bundle}, *little, name="little-room") as small:
        yield from _mixed_up("a crowd without room", small, texts, meant)
        if '"429"' not in small.page("/metrics"):
            yield "a crowd without room: none was refused"
        whole = sent(small.port, post("/embed", json.dumps({"inputs": texts}).encode()))
        if whole is None or whole.code != 413 or f"{_LITTLE_ROOM}" not in whole.line():
            yield f"more tokens than may ever wait: {whole}"


def _mixed_up(what: str, server: Process, texts: list[str], meant: Array) -> Iterator[str]:
    told = np.array(in_python("crowd", server.url, given=texts), np.float32)
    wrong = [
        text for text, a, b in zip(texts, told, meant, strict=True) if a.tobytes() != b.tobytes()
    ]
    if wrong:
        yield f"{what}: {len(wrong)} of {len(texts)} got another vector, the first {wrong[0][:80]!r}"
