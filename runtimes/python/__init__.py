"""A bundle and texts in, vectors, labels and entities out: numpy, onnxruntime and tokenizers."""

from edgebert.runtimes.loading import load
from edgebert.runtimes.model import Model
from edgebert.tasks.answers import Classification, Entity
from edgebert.tasks.masks import Fill
from edgebert.tasks.questions import Answer
from edgebert.vectors.ranking import Hit

__all__ = ["Answer", "Classification", "Entity", "Fill", "Hit", "Model", "load"]
