"""wrk against each route that answers texts: nothing but answers, and memory that does not grow."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clients.questions import (
    CONTEXT,
    DOCUMENTS,
    MASKED,
    NAMED,
    QUERY,
    QUESTION,
    REAL,
    TEXT,
    TEXTS,
    TRANSLATED,
    TRANSLATOR,
)
from clients.served import WORK, Process

CONNECTIONS = 16
_WARM_UP_S = 1
"""What a route needs it holds by then; more is memory that grows."""
_SCRIPT = Path(__file__).parent / "posting.lua"
_FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_SOCKETS = re.compile(r"Socket errors: (.*)")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")

ROUTES: dict[str, list[Any]] = {
    "/v1/embeddings": [{"model": REAL, "input": text} for text in TEXTS],
    f"/models/{REAL}/embed": [{"inputs": text} for text in TEXTS] + [{"inputs": TEXTS}],
    f"/models/{REAL}": [{"inputs": TEXT}, {"inputs": TEXTS}],
    f"/models/{REAL}/similarity": [
        {"inputs": {"source_sentence": QUERY, "sentences": DOCUMENTS}},
    ],
    f"/models/{REAL}/tokenize": [{"inputs": text} for text in TEXTS],
    "/models/sparse/embed_sparse": [{"inputs": text} for text in TEXTS],
    "/models/classifier/predict": [{"inputs": text} for text in TEXTS],
    "/models/classifier": [{"inputs": text} for text in TEXTS],
    "/models/tagger": [{"inputs": NAMED}],
    "/tag": [{"texts": NAMED}, {"texts": TEXTS}],
    "/models/classifier/classify": [{"texts": text} for text in TEXTS],
    "/models/reader": [{"inputs": {"question": QUESTION, "context": CONTEXT}}],
    "/models/filler": [{"inputs": MASKED}],
    "/translate": [{"texts": text} for text in TRANSLATED],
    f"/models/{TRANSLATOR}/translate": [{"texts": text, "beam": 4} for text in TRANSLATED[:3]],
    "/models/reranker/rerank": [{"query": QUERY, "texts": DOCUMENTS}],
    "/v1/rerank": [{"model": "reranker", "query": QUERY, "documents": DOCUMENTS}],
    "/v2/rerank": [{"model": "reranker", "query": QUERY, "documents": DOCUMENTS}],
}
"""A POST to each, and the bodies that it gets in turn."""


def loads_are_answered(server: Process, seconds: int, rates: dict[str, float]) -> Iterator[str]:
    """What was refused or lost on any route.

    Args:
        server: runs with all bundles.
        seconds: of load on each route.
        rates: gets the requests that were answered a second.
    """
    for route, bodies in ROUTES.items():
        _wrk(server, route, bodies, _WARM_UP_S)
    first = server.rss_mb()
    for route, bodies in ROUTES.items():
        said = _wrk(server, route, bodies, seconds)
        rates[route] = float(_RATE.findall(said)[0])
        lost = _FAILED.findall(said) + _SOCKETS.findall(said)
        if lost or not rates[route]:
            yield f"{route}: {', '.join(lost) or 'nothing'} of {rates[route]:.0f} requests a second"
    last = server.rss_mb()
    if last > 1.1 * first + 20:
        yield f"{last:.0f} MB in memory, and {first:.0f} when each route had been asked for a second"


def _wrk(server: Process, route: str, bodies: list[Any], seconds: int) -> str:
    file = WORK / "bodies.txt"
    file.write_text("\n".join(json.dumps(body) for body in bodies), encoding="utf-8")
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT)]
    command += [server.url + route, "--", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
