"""From a bundle on disk to a model that runs."""

from __future__ import annotations

from pathlib import Path

from edgebert.bundle import TOKENIZER, open_bundle
from edgebert.runtimes.encoding import open_tokenizer
from edgebert.runtimes.golden import prove_on_new_onnxruntime
from edgebert.runtimes.model import Model
from edgebert.runtimes.session import open_session


def load(
    path: str | Path,
    *,
    provider: str = "auto",
    threads: int | None = None,
    verify: bool = False,
) -> Model:
    """Load a bundle.

    Args:
        path: a local bundle folder; never a hub id.
        provider: execution provider, `auto` or `cpu`.
        threads: cores the model may use; by default what affinity and cgroup grant.
        verify: hash every file first.

    Raises:
        BundleError: the bundle is missing, damaged or too new, or fails its own golden texts
            under an onnxruntime newer than the one it was tested with.
        ProviderError: no such provider, or no onnxruntime.
    """
    bundle = open_bundle(path, verify=verify)
    session = open_session(bundle, provider=provider, threads=threads)
    model = Model(bundle, session, open_tokenizer(bundle.path / TOKENIZER))
    prove_on_new_onnxruntime(model)
    return model
