"""The clients' answers beside those of the bundles."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from devices.emulated import ROOT
from page_code import python_blocks

from clients.expected import EXPECTED, Models, Refusal
from clients.served import WORK, Process
from edgebert.errors import EdgebertError

PAGE = ROOT / "edgebert" / "serving" / "CLIENTS.md"
KEY = "a-key-of-the-tests"


def key_file() -> Path:
    """A file of keys, as `--api-key-file` reads it."""
    WORK.mkdir(parents=True, exist_ok=True)
    file = WORK / "keys"
    file.write_text(f"another-key\n{KEY}\n")
    file.chmod(0o600)
    return file


def asked_alike(
    server: Process, open_server: Process, models: Models, counts: Counter[str]
) -> Iterator[str]:
    """What a client got that its bundle would not have answered.

    Args:
        server: wants `KEY`.
        open_server: wants none.
        models: the same bundles.
        counts: gets the answers of each client that were compared.
    """
    asked = set()
    for client, question, told in _told(server, open_server.url):
        expected = EXPECTED[question]
        if isinstance(expected, Refusal):
            fault = expected.broken(told)
        else:
            fault = expected.broken(told, models)
        counts[client] += 1
        asked.add(question)
        if fault:
            yield f"{client}, {question}: {fault[:500]}"
    if never := EXPECTED.keys() - asked:
        yield f"nobody asked: {', '.join(sorted(never))}"


def _told(server: Process, open_url: str) -> list[Any]:
    command = [
        str(ROOT / ".venv-clients/bin/python"),
        "-m",
        "clients.asking",
        server.url,
        KEY,
        open_url,
    ]
    blocks = [
        b for way in (True, False) for b in python_blocks(PAGE.read_text(), of_frameworks=way)
    ]
    done = subprocess.run(
        command,
        input=json.dumps(blocks),
        capture_output=True,
        text=True,
        check=False,
        env=environment(os.environ),
    )
    if done.returncode:
        raise EdgebertError(f"the clients failed: {done.stderr.strip()[-3000:]}")
    answers: list[Any] = json.loads(done.stdout)
    return answers


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """That of a client: nothing is told to anybody else, and no proxy stands between."""
    told = {name: value for name, value in own.items() if not name.lower().endswith("_proxy")}
    told.pop("HF_HUB_OFFLINE", None)  # else huggingface_hub refuses every address, loopback too
    return told | {"HAYSTACK_TELEMETRY_ENABLED": "False", "NO_PROXY": "127.0.0.1"}
