"""The process that compares: `python -m edgebert.serving.drift.beside NICENESS`.

It is a process and not a thread, because a thread that has to wait for a core may hold the interpreter
meanwhile, and then all answers wait. It reads requests and writes replies, JSON in a line each, and ends
with its input. It prints nothing: a text might be in it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgebert.bundle import open_bundle
from edgebert.errors import BundleError, EdgebertError
from edgebert.runtimes import Model, load
from edgebert.serving.drift.moved import moved
from edgebert.serving.drift.references import open_reference

Pair = tuple[Model, Model]
"""A reference, and the bundle that is compared with it."""


def main(niceness: int) -> None:
    """Answer requests until there are no more."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal, or systemd, sends them to all
        signal.signal(number, signal.SIG_IGN)
    pairs: dict[str, Pair] = {}
    for place, line in enumerate(sys.stdin.buffer):
        reply = _reply(json.loads(line), pairs)
        if place == 0 and hasattr(os, "nice"):  # nobody waits any more, once a pair is loaded
            with suppress(OSError):
                os.nice(niceness)
        sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
        sys.stdout.buffer.flush()


def _reply(request: dict[str, Any], pairs: dict[str, Pair]) -> dict[str, Any]:
    try:
        if "open" in request:
            return _open(pairs, request["open"], **request["with"])
        return _compare(pairs[request["compare"]], **request["with"])
    except EdgebertError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - its message may tell of a text
        return {"error": type(error).__name__}


def _open(
    pairs: dict[str, Pair], name: str, live: str, fingerprint: str, reference: str
) -> dict[str, Any]:
    """Load both of a name, in the place of those before."""
    for model in pairs.pop(name, ()):
        model.close()
    compared = load(live, threads=1)
    if compared.fingerprint != fingerprint:
        compared.close()
        raise BundleError(f"{live} is {compared.fingerprint} by now, not {fingerprint}")
    opened = open_reference(open_bundle(live), Path(reference))
    pairs[name] = (opened, compared)
    return {"fingerprint": opened.fingerprint}


def _compare(pair: Pair, text: Any, allow_no_answer: bool) -> dict[str, Any]:
    given = text if isinstance(text, str) else (text[0], text[1])
    return asdict(moved(*pair, given, allow_no_answer=allow_no_answer))


if __name__ == "__main__":
    main(int(sys.argv[1]))
