"""A bundle from disk to one that is proved and warm; and another one in its place."""

from __future__ import annotations

from edgebert.errors import BundleError
from edgebert.runtimes import TextQueue, load
from edgebert.runtimes.golden import run_golden
from edgebert.serving.models import ServedModel, Source


def load_served(source: Source, queue: TextQueue) -> ServedModel:
    """Load a bundle, hash its files, run its golden texts, and warm it up.

    Args:
        source: where it is.
        queue: that its runs share.

    Raises:
        EdgebertError: it cannot be loaded, or does not answer as it promises.
    """
    model = load(source.path, verify=True, sharing=queue)
    failed = [answer for answer in run_golden(model) if not answer.passed]
    if failed:
        model.close()
        raise BundleError(
            f"{source.path} does not answer as it promises: {len(failed)} golden texts fail, first "
            f"{failed[0].told}. Run 'edgebert doctor {source.path}'"
        )
    model.outputs([text.as_text for text in model.bundle.golden().texts])  # as a batch, too
    return ServedModel(source.name, model)
