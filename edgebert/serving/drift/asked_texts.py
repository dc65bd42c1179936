"""Which texts a request asked about, each as its model read it: with its prompt, as a pair."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from edgebert.runtimes.calls import Ask
from edgebert.runtimes.queueing.verbs import VERBS
from edgebert.serving.models import ServedModel
from edgebert.text.encoding import Text


@dataclass(frozen=True)
class Asked:
    """What a model answered.

    Attributes:
        served: the model.
        verb: its method, with `args` and `options` of it.
        texts: that it read.
    """

    served: ServedModel
    verb: str
    args: Sequence[Any]
    options: Mapping[str, Any]
    texts: int


@dataclass(frozen=True)
class AskedText:
    """A text that a model answered. It is kept only while it waits.

    Attributes:
        served: the model.
        read: gives the text as it was read.
        allow_no_answer: whether a question may have none.
    """

    served: ServedModel
    read: Callable[[], Text]
    allow_no_answer: bool = False


def drawn(asked: Asked, share: float) -> list[AskedText]:
    """Some of the texts, each of them with the same chance, whatever it says."""
    places = [place for place in range(asked.texts) if random.random() < share]
    if not places:
        return []
    texts = list(_texts(asked))
    allowed = bool(asked.options.get("allow_no_answer", False))
    return [AskedText(asked.served, texts[place], allowed) for place in places]


def _texts(asked: Asked) -> Iterator[Callable[[], Text]]:
    """What gives each text, in the order in which they are counted."""
    call = VERBS[asked.verb](asked.served.model, *asked.args, **asked.options)
    for ask in call.asks:
        if isinstance(ask, Ask):
            given = [ask.texts] if isinstance(ask.texts, str) else ask.texts
            for place, text in enumerate(given):
                yield partial(ask.request.check, text, place)
