"""The clients' answers beside those of the bundles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devices.emulated import ROOT
from page_code import python_blocks

from clients import questions
from clients.expected import EXPECTED, Models, Refusal
from clients.programs import in_node, in_python
from clients.served import WORK, Process

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
    for client, question, told in _told(server.url, open_server.url):
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


def _told(url: str, open_url: str) -> Iterator[Any]:
    page = PAGE.read_text(encoding="utf-8")
    blocks = [block for way in (True, False) for block in python_blocks(page, of_frameworks=way)]
    yield from in_python("", url, KEY, open_url, given=blocks)
    asked = {name: value for name, value in vars(questions).items() if name.isupper()}
    yield from in_node("in_node.mjs", url, KEY, given=asked)
