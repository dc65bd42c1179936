"""`python -m clients.asking.crowd URL`, texts on stdin: each by itself, all at a time, by one client.

A client that is refused for lack of room waits as long as it is told and asks again, as openai does.
"""

from __future__ import annotations

import asyncio
import json
import sys

import openai

from clients.questions import REAL

_AT_A_TIME = 64
_RETRIES = 20


async def asked(url: str, texts: list[str]) -> list[list[float]]:
    """The vector of each text."""
    room = asyncio.Semaphore(_AT_A_TIME)
    base = f"{url}/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="none", max_retries=_RETRIES) as client:

        async def vector(text: str) -> list[float]:
            async with room:
                told = await client.embeddings.create(model=REAL, input=text)
            embedding: list[float] = told.data[0].embedding
            return embedding

        return list(await asyncio.gather(*map(vector, texts)))


def main() -> None:
    json.dump(asyncio.run(asked(sys.argv[1], json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
