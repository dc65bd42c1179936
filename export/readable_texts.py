"""The built-in texts that a model can read: not those with a token that has no embedding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from edgebert.data import Text
from edgebert.errors import CheckpointError
from edgebert.tasks.spec import ModelSpec


class Reads(Protocol):
    """A model that can say why it does not read a text."""

    @property
    def spec(self) -> ModelSpec: ...
    def refusal(self, text: Text) -> str | None: ...


def readable_golden_texts(model: Reads) -> tuple[Text, ...]:
    """The golden texts that a model of this task reads.

    Raises:
        CheckpointError: it reads none of them.
    """
    texts = model.spec.task.golden_texts(model.spec.mask_token)
    found = readable(model, texts)
    if not found:
        raise CheckpointError(
            f"the tokenizer and the weights do not belong together: of {texts[0]!r}, "
            f"{model.refusal(texts[0])}"
        )
    return found


def readable(model: Reads, texts: Iterable[Text]) -> tuple[Text, ...]:
    return tuple(text for text in texts if model.refusal(text) is None)
