"""What of a model can be asked through a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from edgebert.bounds import check_choice
from edgebert.runtimes import head_calls, vector_calls
from edgebert.runtimes.asked import Asked
from edgebert.runtimes.calls import Call
from edgebert.runtimes.queueing.job import Job
from edgebert.runtimes.queueing.sizes import size_of_arguments, size_of_asks
from edgebert.runtimes.translation import calls as translation_calls


def _search(model: Asked, queries: Any, corpus: Any, k: int = 10) -> Call:
    return vector_calls.search(model, queries, corpus, k)


VERBS: Mapping[str, Callable[..., Call]] = MappingProxyType(
    {
        "embed": vector_calls.embed,
        "embed_sparse": vector_calls.embed_sparse,
        "similarity": vector_calls.similarity,
        "search": _search,
        "classify": head_calls.classify,
        "rerank": head_calls.rerank,
        "tag": head_calls.tag,
        "fill_mask": head_calls.fill_mask,
        "answer": head_calls.answer,
        "translate": translation_calls.translate,
    }
)

_READS_FILES = "search"
"""Whoever asks does not wait for a corpus to be read."""


def job_of(model: Asked, verb: str, args: Sequence[Any], options: Mapping[str, Any]) -> Job:
    """A request for the queue.

    Raises:
        InputError: there is no such verb.
    """
    make = partial(VERBS[check_choice("verb", verb, tuple(VERBS))], model, *args, **options)
    if verb == _READS_FILES:
        return Job(make, size_of_arguments((*args, *options.values())))
    try:
        call = make()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
        return Job(partial(_raise, error), size_of_asks(()))
    return Job(lambda: call, size_of_asks(call.asks))


def _raise(error: Exception) -> Call:
    raise error
