"""Two bundles' answers to a text, compared in a process of the lowest priority."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from edgebert.errors import EdgebertError
from edgebert.runtimes.model import Model
from edgebert.serving.drift.moved import Moved
from edgebert.text.encoding import Text

_NICENESS = 19
_PROGRAM = "edgebert.serving.drift.beside"


class EndedError(EdgebertError):
    """The process has ended, and compares nothing any more."""


class Comparer:
    """Compares bundles with their references; safe to use from any thread.

    The process starts with the first of them, and with the next one after it has ended.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def open(self, name: str, live: Model, reference: Path) -> str:
        """Have a bundle compared with its reference, in the place of one before of this name.

        Returns:
            The fingerprint of the reference.

        Raises:
            EdgebertError: the reference is none, or one of both cannot be loaded.
        """
        paths = {"live": str(live.files.path), "reference": str(reference)}
        with self._turn:
            self._process = self._running()
            return str(self._ask(open=name, fingerprint=live.fingerprint, **paths)["fingerprint"])

    def compare(self, name: str, text: Text, *, allow_no_answer: bool) -> Moved:
        """How far apart the answers to a text are.

        Raises:
            EndedError: nothing is compared any more.
            EdgebertError: one of the bundles cannot read it; the message may tell of the text.
        """
        with self._turn:
            told = self._ask(compare=name, text=text, allow_no_answer=allow_no_answer)
        labels = told.pop("labels")
        return Moved(**told, labels=None if labels is None else (labels[0], labels[1]))

    def close(self) -> None:
        """End the process, whatever it does."""
        self._closed = True
        process = self._process
        if process is None:
            return
        process.kill()  # whoever waits for a reply of it gets none, and gives the turn away
        with self._turn:
            _end(process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise EndedError("nothing is compared any more")
        process = self._process
        if process is not None and process.poll() is None:
            return process
        if process is not None:
            _end(process)
        try:
            return _started()
        except OSError as error:
            raise EndedError(f"the process that compares does not start: {error}") from error

    def _ask(self, **request: Any) -> dict[str, Any]:
        """Send a verb with the name that it is about, and what goes with it; read the reply."""
        (verb, name), *rest = request.items()
        line = json.dumps({verb: name, "with": dict(rest)}).encode() + b"\n"
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EndedError("nothing compares")
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answered = process.stdout.readline()
        except (OSError, ValueError):
            answered = b""
        if not answered:
            raise EndedError(f"the process that compares has ended (code {process.wait()})")
        told: dict[str, Any] = json.loads(answered)
        if "error" in told:
            raise EdgebertError(told["error"])
        return told


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", _PROGRAM, str(_NICENESS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for it, and close what leads to it."""
    with suppress(OSError), process:  # what was not sent any more cannot be
        process.kill()
