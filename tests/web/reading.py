"""Tokens: conformance cases, and texts that are easily read wrongly, in Node and in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

from web.laid_out import SITE
from web.running import CLIENT, HERE, asked

LEAST_READ = 0.999
"""Share of the made-up texts whose tokens and places are Python's, for each tokenizer."""


def read_alike(numbers: dict[str, int]) -> Iterator[str]:
    """Hold both to every case, and to all but a thousandth of the texts.

    Args:
        numbers: how many there are for each tokenizer, by its name.
    """
    plan = {"folder": str(SITE), "client": str(CLIENT / "dist"), "readings": list(numbers)}
    for where, program in (("Node", "in_node.mjs"), ("Chromium", "in_chromium.mjs")):
        found = asked(HERE / program, plan)["readings"]
        for name, number in numbers.items():
            missed = found[name]
            for case in missed["cases"]:
                yield f"{where} reads the case '{case}' of {name} otherwise"
            if len(missed["texts"]) > (1 - LEAST_READ) * number:
                shown = ", ".join(map(ascii, missed["texts"][:5]))
                yield (
                    f"{where} reads {len(missed['texts'])} of {number} texts of {name} otherwise, "
                    f"as {shown}"
                )
