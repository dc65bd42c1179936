"""Makes an embedder of a checkpoint, for sentences whose cosine says how alike they are."""

from __future__ import annotations

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.training.options import FinetuneOptions
from edgebert.training.tasks.embedder import Embedder
from edgebert.training.tasks.task import Task, sentence_embedding


def put_embedder(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """Pooling as the checkpoint says, by default the mean, and length 1 at its end.

    Raises:
        InputError: steps of one example, which has nothing to be compared with.
    """
    if options.batch_size < 2:
        raise InputError(
            "sentence-similarity compares the examples of a step with each other: "
            "--batch-size should be at least 2"
        )
    return sentence_embedding(checkpoint, Embedder.of(checkpoint).by_cosine(), options.matryoshka)
