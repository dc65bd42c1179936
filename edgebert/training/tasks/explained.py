"""What some tasks can tell beside scores: where a model goes wrong."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from edgebert.records.trained import Mistakes


@runtime_checkable
class Explained(Protocol):
    """Encoded examples whose answers are right or wrong, each by itself."""

    def explain(self, model: Any) -> Mistakes | None:
        """What the model gets wrong; None where there is no right and wrong."""
        ...
