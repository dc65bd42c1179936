"""One process, or several that share each step: what they tell each other.

Several are started by `accelerate launch` (or torchrun). Every one holds the whole model and reads
all data; a step's examples are dealt out, and the gradients added up. So the number of processes
changes how long a step takes and not what is learned, but for the random numbers of dropout.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from edgebert.errors import MissingExtra

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process among `count`; the first writes, speaks and decides."""

    index: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        return self.index == 0

    def share(self, rows: Sequence[T]) -> Sequence[T]:
        """What of the rows falls to this process."""
        return rows[self.index :: self.count]

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, in as few messages as fit."""
        if self.count == 1 or not tensors:
            return
        from accelerate.utils import reduce

        flat = torch.cat([tensor.flatten() for tensor in tensors])
        summed = reduce(flat, reduction="sum")
        for tensor, values in zip(
            tensors, summed.split([tensor.numel() for tensor in tensors]), strict=True
        ):
            tensor.copy_(values.view_as(tensor))

    def joined(self, rows: Tensor) -> Tensor:
        """The rows of all processes, [all, ...]; gradients flow to those of this one alone.

        What is computed from all of them is computed in each process, and the gradients that each
        finds for its own rows add up to those of one process that holds all.
        """
        if self.count == 1:
            return rows
        from accelerate.utils import gather_object

        parts = [part.to(rows.device) for part in gather_object([rows.detach().cpu()])]
        parts[self.index] = rows
        return torch.cat(parts)

    def agreed(self, value: T) -> T:
        """The first process's value, in all of them."""
        if self.count == 1:
            return value
        from accelerate.utils import broadcast_object_list

        told: list[T] = broadcast_object_list([value])
        return told[0]


ALONE = Processes()


def running() -> Processes:
    """The processes that this one was started with.

    Raises:
        MissingExtra: there are several, and accelerate is not installed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    try:
        from accelerate import PartialState
    except ModuleNotFoundError as error:
        raise MissingExtra("training in several processes", "train-distributed") from error
    state = PartialState(cpu=not torch.cuda.is_available())
    return Processes(state.process_index, state.num_processes)
