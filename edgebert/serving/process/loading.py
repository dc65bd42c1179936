"""A bundle from disk to one that is proved and warm; and another one in its place."""

from __future__ import annotations

from edgebert.runtimes import TextQueue
from edgebert.serving.models import ServedModel, Source
from edgebert.serving.proved import load_proved


def load_served(source: Source, queue: TextQueue) -> ServedModel:
    """Load a bundle, hash its files, run its golden texts, and warm it up.

    Args:
        source: where it is.
        queue: that its runs share.

    Raises:
        EdgebertError: it cannot be loaded, or does not answer as it promises.
    """
    model = load_proved(source.path, sharing=queue)
    model.outputs([text.as_text for text in model.bundle.golden().texts])  # as a batch, too
    return ServedModel(source.name, model)
