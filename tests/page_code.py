"""The pages of the project: their Python blocks, commands, links, and what tables say to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMANDS_PAGE = ROOT / "edgebert" / "cli" / "README.md"
ADAPTERS_PAGE = ROOT / "edgebert" / "adapters" / "README.md"
PYTHON_PAGE = ROOT / "runtimes" / "python" / "README.md"

FRAMEWORKS = ("chromadb", "haystack", "langchain_core", "llama_index")
_ROOMS = ("edgebert", "export", "quantize", "runtimes", "tests")
_OTHERS = {"node_modules", "fixtures"}


def pages() -> list[Path]:
    """Every page of the project: not those of packages that it fetched, nor cards of bundles."""
    below = chain.from_iterable((ROOT / room).rglob("*.md") for room in _ROOMS)
    return sorted([*ROOT.glob("*.md"), *(page for page in below if not _OTHERS & {*page.parts})])


def prose(page: str) -> str:
    """A page without its code: what is fenced, indented or between backticks."""
    unfenced = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^    .*$|`[^`\n]*`", "", unfenced, flags=re.MULTILINE)


def anchors(page: str) -> set[str]:
    """What a `#` in a link may name: its headings, as GitHub makes anchors of them."""
    unfenced = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} (.+)$", unfenced, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


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


def command_lines(text: str) -> Iterator[list[str]]:
    """The indented command lines of edgebert in a page, split as a shell does."""
    for line in text.replace("\\\n", " ").splitlines():
        found = re.match(r" {4,}(?:\$ |- run: |.* \| )?(edgebert [a-z].*)", line)
        if found:
            yield shlex.split(found[1], comments=True)
