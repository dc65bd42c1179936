"""What translating asks on the way to its answer."""

from __future__ import annotations

from typing import Any

from edgebert.runtimes.asked import Asked, require
from edgebert.runtimes.calls import Ask, Call, Request
from edgebert.runtimes.translation.texts import InSentences
from edgebert.tasks.translation import TRANSLATION


def translate(
    model: Asked,
    texts: Any,
    *,
    beam: int = 1,
    n_best: int = 1,
    length_penalty: float | None = None,
    max_length: int | None = None,
) -> Call:
    """What `Model.translate` does, with its arguments and errors."""
    require(model, "translate", TRANSLATION)
    translator = model.translator
    assert translator is not None
    translating = translator.translating(
        beam=beam, n_best=n_best, length_penalty=length_penalty, max_length=max_length
    )
    check = model.pipeline.readable(model.pipeline.prompted(""), whole=True)
    reading: Any = InSentences(translating)  # whose sentences stand where others have encodings
    return Call((Ask(texts, Request(check, reading, _the_translation)),))


def _the_translation(whole: Any) -> Any:
    return whole
