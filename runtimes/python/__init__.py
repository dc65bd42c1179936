"""A bundle and texts in, vectors, labels and entities out: numpy, onnxruntime and tokenizers."""

from edgebert.runtimes.answers import Classification, Entity
from edgebert.runtimes.loading import load
from edgebert.runtimes.masks import Fill
from edgebert.runtimes.model import Model
from edgebert.runtimes.questions import Answer
from edgebert.runtimes.ranking import Hit

__all__ = ["Answer", "Classification", "Entity", "Fill", "Hit", "Model", "load"]
