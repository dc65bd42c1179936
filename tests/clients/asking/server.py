"""Where the server is, and what a client said when it was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Server:
    """A server of several bundles that wants a key."""

    url: str
    key: str

    def of(self, bundle: str) -> str:
        """The address of one of its bundles, for a client that names no model."""
        return f"{self.url}/models/{bundle}"


def refused(call: Callable[[], Any]) -> dict[str, str]:
    """How a client tells its user that a request was refused."""
    try:
        given = call()
    except Exception as error:  # noqa: BLE001 - each client has its own
        return {"error": type(error).__name__, "said": str(error)}
    return {"error": "none", "said": repr(given)[:200]}
