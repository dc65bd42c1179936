"""What a translator would write next, at each place of a given target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array


@dataclass(frozen=True, eq=False)
class NextTokens:
    """The next token after each prefix of a target, the empty one first.

    Attributes:
        expected: ids of the target, its end's last, int64 [tokens].
        likeliest: of each place the id of the likeliest token, int64 [tokens].
        log_probabilities: of the likeliest and of the expected one, float32 [tokens, 2].
    """

    expected: npt.NDArray[np.int64]
    likeliest: npt.NDArray[np.int64]
    log_probabilities: Array

    def changes(self, other: NextTokens) -> tuple[int, int]:
        """How many of the likeliest tokens are others on the other side, and of how many.

        All are, where it reads the target as other tokens.
        """
        n = len(self.expected)
        if not np.array_equal(self.expected, other.expected):
            return n, n
        return int(np.count_nonzero(self.likeliest != other.likeliest)), n
