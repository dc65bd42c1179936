"""`python -m clients.asking.translations URL`, paths and bodies on stdin: all at a time, by httpx."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx

_AT_A_TIME = 32
_TIMEOUT_S = 60


async def asked(url: str, given: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The code and the answer to each body, in their order."""
    room = asyncio.Semaphore(_AT_A_TIME)
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT_S) as client:

        async def answer(path: str, body: str) -> dict[str, Any]:
            async with room:
                told = await client.post(path, content=body.encode())
            return {"code": told.status_code, "answer": told.json()}

        return list(await asyncio.gather(*(answer(path, body) for path, body in given)))


def main() -> None:
    json.dump(asyncio.run(asked(sys.argv[1], json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
