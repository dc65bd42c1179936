"""`python -m clients.asking URL KEY OPEN_URL`: what each client gets, as JSON.

That is [client, question, answer]. Blocks of a page, which ask at OPEN_URL, come as JSON, too.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

from clients.asking import (
    of_cohere,
    of_haystack,
    of_huggingface_hub,
    of_jina,
    of_langchain,
    of_llama_index,
    of_openai,
    of_page,
)
from clients.asking.server import Server

Asking = Callable[[Server], Iterator[tuple[str, Any]]]
CLIENTS: dict[str, Asking] = {
    "openai": of_openai.ask,
    "langchain-openai": of_langchain.ask,
    "llama-index openai-like": of_llama_index.ask_like_openai,
    "llama-index TEI": of_llama_index.ask_like_tei,
    "huggingface_hub": of_huggingface_hub.ask,
    "haystack OpenAI": of_haystack.ask_openai,
    "haystack Hugging Face": of_haystack.ask_hugging_face,
    "haystack TEI ranker": of_haystack.ask_ranker,
    "haystack Jina": of_jina.ask,
    "cohere": of_cohere.ask,
}


def main() -> None:
    logging.disable(logging.WARNING)
    url, key, open_url = sys.argv[1:]
    server = Server(url, key)
    given = [
        (client, question, answer)
        for client, ask in CLIENTS.items()
        for question, answer in ask(server)
    ]
    given += [("its page", *told) for told in of_page.run(open_url, json.load(sys.stdin))]
    json.dump(given, sys.stdout)


if __name__ == "__main__":
    main()
