"""Runs contestants in places, and reads off what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from web.running import asked

from benchmarks.web.clients import HERE, SITE, Contestant
from benchmarks.web.record import Seat, Speed
from edgebert.measures.similarity import cosines

Vectors = npt.NDArray[np.float32]

_SEED = 18
_TRIED = 4
"""One text in so many is in the trials that choose a batch."""


def measured(
    place: str,
    threads: int,
    contestants: Sequence[Contestant],
    texts: Mapping[str, Sequence[str]],
    wanted: Mapping[str, Vectors],
    rounds: int,
) -> tuple[str, list[Seat]]:
    """Let contestants embed texts in turns.

    Args:
        place: Node or Chromium.
        threads: that each may use.
        texts: sets by name.
        wanted: their vectors in fp32.
        rounds: how often each embeds each set.

    Returns:
        The place with its version, and a seat for each contestant.

    Raises:
        EdgebertError: the place did not open.
    """
    plan = {
        "place": place, "folder": str(SITE), "rounds": rounds, "seed": _SEED,
        "seats": [contestant.seat(place, threads) for contestant in contestants],
        "texts": {name: _given(own) for name, own in texts.items()},
    }  # fmt: skip
    found = asked(HERE / "rounds.mjs", plan)
    seats = [
        _seat(place, threads, contestant, told, wanted)
        for contestant, told in zip(contestants, found["seats"], strict=True)
    ]
    return found["version"], seats


def _given(texts: Sequence[str]) -> dict[str, Any]:
    """Longest first, so that those of a batch are of a length."""
    ordered = longest_first(texts)
    return {"texts": ordered, "tried": ordered[::_TRIED], "first": texts[0]}


def longest_first(texts: Sequence[str]) -> list[str]:
    return sorted(texts, key=len, reverse=True)


def _seat(
    place: str,
    threads: int,
    contestant: Contestant,
    told: Mapping[str, Any],
    wanted: Mapping[str, Vectors],
) -> Seat:
    if told["failure"]:
        return Seat(
            place, threads, contestant.name, contestant.title, contestant.size_bytes,
            failure=told["failure"],
        )  # fmt: skip
    return Seat(
        place=place,
        threads=threads,
        name=contestant.name,
        title=contestant.title,
        model_bytes=contestant.size_bytes,
        first_answer_s=told["firstAnswerMs"] / 1000,
        downloaded_bytes=told["downloadedBytes"],
        memory_bytes=told["memoryBytes"],
        speeds=tuple(_speed(name, own, wanted[name]) for name, own in told["speeds"].items()),
    )


def _speed(name: str, told: Mapping[str, Any], wanted: Vectors) -> Speed:
    mean, least = compared(np.asarray(told["vectors"], np.float32), wanted)
    return Speed(name, told["batch"], told["trials"], tuple(told["seconds"]), mean, least)


def compared(found: Vectors, wanted: Vectors) -> tuple[float | None, float | None]:
    """Mean and least cosine of rows; None of vectors of another size."""
    if found.shape != wanted.shape:
        return None, None
    near = cosines(found, wanted)
    return float(near.mean()), float(near.min())
