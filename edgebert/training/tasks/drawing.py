"""The examples that a run learns from, where it is not to learn from all."""

from __future__ import annotations

import random

from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.training.options import FinetuneOptions


def draw(examples: Examples, options: FinetuneOptions) -> Examples:
    """A random draw of `options.limit` examples, or all where there are no more.

    Raises:
        InputError: there is a limit, and the examples are queries and documents.
    """
    if options.limit is not None and examples.retrieval:
        raise InputError(f"{examples.path}: --limit draws rows of a file, and this is a folder")
    if options.limit is None or options.limit >= len(examples):
        return examples
    return examples.take(random.Random(options.seed).sample(range(len(examples)), options.limit))
