"""A bundle and texts in, vectors, labels and entities out: numpy, onnxruntime and tokenizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgebert.runtimes.loading import load as load
    from edgebert.runtimes.model import Model as Model
    from edgebert.runtimes.queueing.text_queue import TextQueue as TextQueue
    from edgebert.runtimes.queueing.told import Told as Told
    from edgebert.tasks.answers import Classification as Classification
    from edgebert.tasks.answers import Entity as Entity
    from edgebert.tasks.masks import Fill as Fill
    from edgebert.tasks.questions import Answer as Answer
    from edgebert.vectors.ranking import Hit as Hit

_HOMES = {
    "Answer": "edgebert.tasks.questions",
    "Classification": "edgebert.tasks.answers",
    "Entity": "edgebert.tasks.answers",
    "Fill": "edgebert.tasks.masks",
    "Hit": "edgebert.vectors.ranking",
    "Model": "edgebert.runtimes.model",
    "TextQueue": "edgebert.runtimes.queueing.text_queue",
    "Told": "edgebert.runtimes.queueing.told",
    "load": "edgebert.runtimes.loading",
}
__all__ = [
    "Answer",
    "Classification",
    "Entity",
    "Fill",
    "Hit",
    "Model",
    "TextQueue",
    "Told",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import on first use: the table of providers is read by the command line, which starts light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edgebert.runtimes' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
