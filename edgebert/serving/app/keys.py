"""Keys that clients carry."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from pathlib import Path

from edgebert.errors import InputError
from edgebert.serving.errors import VALIDATION, ApiError


class Keys:
    """Compares keys in a time that does not tell how much of one was right.

    Args:
        keys: none for a server that asks for none.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._digests = [_digest(key) for key in keys]

    @classmethod
    def of_file(cls, path: Path) -> Keys:
        """Keys of a file, one a line.

        Raises:
            InputError: there are none in it, or one is no key.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read: {error}") from error
        keys = [key for line in lines if (key := line.strip())]
        if not keys:
            raise InputError(f"{path} has no key: write one a line, or leave --api-key-file out")
        return cls(keys)

    def check(self, headers: Mapping[str, str]) -> None:
        """Take a request that carries one of the keys.

        Raises:
            ApiError: 401 it carries none of them.
        """
        if not self._digests:
            return
        scheme, _blank, key = headers.get("authorization", "").partition(" ")
        given = _digest(key.strip()) if scheme.lower() == "bearer" else b""
        matches = [hmac.compare_digest(given, digest) for digest in self._digests]
        if not any(matches):
            raise ApiError(
                401,
                VALIDATION,
                "a key of this server is needed: send 'authorization: Bearer KEY'",
                {"www-authenticate": "Bearer"},
            )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
