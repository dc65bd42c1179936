"""Weights of several layers in one tensor, side by side along its last axis, and its name."""

from __future__ import annotations

import re

_MERGED = re.compile(r"(.*)\{([^{},]+(?:,[^{},]+)+)\}(.*)")


def merge_names(names: list[str]) -> str:
    """One name for several that differ in one part: a.query.weight, a.key.weight -> a.{query,key}.weight.

    Names that differ elsewhere too are listed whole.
    """
    parts = [name.split(".") for name in names]
    apart = [place for place in zip(*parts, strict=False) if len(set(place)) > 1]
    if len({len(part) for part in parts}) > 1 or len(apart) != 1:
        return "{" + ",".join(names) + "}"
    listed = "{" + ",".join(apart[0]) + "}"
    return ".".join(listed if place == apart[0] else place[0] for place in zip(*parts, strict=True))


def names_within(name: str) -> tuple[str, ...]:
    """The names that `merge_names` put into one, in order; of any other name, the name itself."""
    found = _MERGED.fullmatch(name)
    if found is None:
        return (name,)
    before, listed, after = found.groups()
    return tuple(f"{before}{part}{after}" for part in listed.split(","))
