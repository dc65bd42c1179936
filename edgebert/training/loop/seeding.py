"""Random numbers and threads of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from edgebert.machine import available_cores


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Fix torch's random numbers and threads inside the block, and leave both as they were.

    Threads are the cores that this process may use, unless OMP_NUM_THREADS says how many.
    """
    threads = torch.get_num_threads()
    if not os.environ.get("OMP_NUM_THREADS"):  # torch has read it
        torch.set_num_threads(available_cores())
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def random_state() -> dict[str, torch.Tensor]:
    """The state of every random number generator that a step may draw from."""
    states = {"cpu": torch.get_rng_state()}
    for number in range(torch.cuda.device_count()):
        states[f"cuda:{number}"] = torch.cuda.get_rng_state(number)
    return states


def set_random_state(states: dict[str, torch.Tensor]) -> None:
    """Go on where `random_state` looked."""
    torch.set_rng_state(states["cpu"])
    for number in range(torch.cuda.device_count()):
        if f"cuda:{number}" in states:
            torch.cuda.set_rng_state(states[f"cuda:{number}"], number)
