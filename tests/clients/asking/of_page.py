"""The lines of the page about clients, as their users copy them: for a server that wants no key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from clients.asking.server import refused
from clients.questions import REAL

_ADDRESS, _NAME = "http://localhost:8080", "minilm"
"""What stands there, in the place of the address and the name of the embedder."""


def run(url: str, blocks: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Whether each block runs to its end."""
    for block in blocks:
        lines = block.replace(_ADDRESS, url).replace(_NAME, REAL)
        yield "lines", refused(partial(exec, lines, {}))
