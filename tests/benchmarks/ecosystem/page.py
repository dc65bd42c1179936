"""The lines for the frameworks in edgebert/adapters/README.md, run as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

from page_code import ADAPTERS_PAGE, python_blocks

from benchmarks.ecosystem.ranking import Ask, similarities


def found_by_page(bundle: Path) -> Iterator[tuple[str, str, str]]:
    """Run each block.

    Args:
        bundle: the one that the page means; it is found under its own name.

    Yields:
        What the block imports first, the text that it found, and the one that brute force finds.
    """
    page = ADAPTERS_PAGE.read_text(encoding="utf-8")
    known: dict[str, Any] = {}
    with chdir(bundle.parent):
        for block in python_blocks(page, of_frameworks=False):
            exec(block, known)  # noqa: S102 - lines of our own page
        scores = similarities(known["model"], Ask(known["texts"], [known["query"]], k=1))
        nearest = known["texts"][int(scores[0].argmax())]
        for block in python_blocks(page, of_frameworks=True):
            exec(block, known)  # noqa: S102 - lines of our own page
            yield block.split()[1], known.pop("found"), nearest
