"""The code of a page: its Python blocks, and what its tables say to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

RUNTIME_PAGE = Path(__file__).parent.parent / "runtimes" / "README.md"
FRAMEWORKS = ("chromadb", "haystack", "langchain_core", "llama_index")


def python_blocks(page: str, *, of_frameworks: bool) -> list[str]:
    """The fenced blocks of Python: those that import one of the frameworks, or the others."""
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    importing = re.compile(rf"^(from|import) ({'|'.join(FRAMEWORKS)})\b", re.MULTILINE)
    return [block for block in blocks if bool(importing.search(block)) == of_frameworks]


def typed_now(page: str) -> Iterator[str]:
    """The code in the last column of each table whose heading there is `you type now`."""
    for table in re.findall(
        r"^\|[^\n]*you type now \|\n\|[-|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE
    ):
        for row in table.splitlines():
            yield from re.findall(r"`([^`]+)`", row.rsplit(" | ", 1)[1])
