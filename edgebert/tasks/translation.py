"""Translation: a text in one language, written in another."""

from __future__ import annotations

from edgebert.records.manifest import DECODER, ENCODER
from edgebert.tasks.base import Task

TRANSLATION = "translation"


class Translation(Task):
    """An encoder reads a text, and a decoder writes another, a token at a time."""

    name = TRANSLATION
    verb = "translate"
    graphs = (ENCODER, DECODER)
    model_type = "edgebert-translation"
    over_vocabulary = True
