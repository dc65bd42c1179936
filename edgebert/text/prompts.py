"""Which of a model's prompts stands before a document, and which before a query."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Protocol

_DOCUMENT = ("document", "passage", "corpus")
_QUERY = ("query",)


class Prompted(Protocol):
    """What has prompts, by name: a manifest, a checkpoint."""

    @property
    def prompts(self) -> Mapping[str, str]: ...


def document_prompt(model: Prompted) -> str:
    """Name of the prompt of texts that are searched, as `Model.embed` takes it; "" for none.

    The names are those that `encode_document` of sentence-transformers looks for, in its order.
    Here an empty prompt does not hide a later one: there, every model has an empty "document".
    """
    return _first(_DOCUMENT, model)


def query_prompt(model: Prompted) -> str:
    """Name of the prompt of texts that are searched for, as `Model.embed` takes it; "" for none.

    As with `encode_query` of sentence-transformers, no other prompt takes its place: not even the
    one that the model puts before texts by default.
    """
    return _first(_QUERY, model)


def prompt_option(model: Prompted, text: str) -> str:
    """What stands in a fingerprint for a prompt: its name and a hash; "" for none."""
    if not text:
        return ""
    name = next(name for name, known in model.prompts.items() if known == text)
    return f"{name}.{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _first(names: tuple[str, ...], model: Prompted) -> str:
    return next((name for name in names if model.prompts.get(name)), "")
