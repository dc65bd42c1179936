"""The arguments of a bench: bundles, and checkpoints to hold them against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgebert.bundle import MANIFEST
from edgebert.checkpoint import open_checkpoint
from edgebert.errors import InputError, MissingExtra
from edgebert.latency.bundle import timed_bundle
from edgebert.latency.models import TimedModel
from edgebert.runtimes.kernels import AUTO


def open_models(
    paths: Sequence[str],
    *,
    beam: int = 1,
    provider: str = "auto",
    kernels: str = AUTO,
    offline: bool = False,
) -> list[TimedModel]:
    """Open all models; checkpoints truncate where the shortest bundle does, for equal work.

    Raises:
        InputError: no model, one that is given twice, a folder that is no model, or a beam that
            one of them does not write by.
        EdgebertError: what opening raises.
    """
    if not paths:
        raise InputError("a bench needs at least one bundle")
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise InputError(f"{twice} is given twice")
    found = filter(is_bundle, paths)
    bundles = {path: timed_bundle(path, provider, kernels, beam) for path in found}
    limit = min((bundle.max_length for bundle in bundles.values()), default=None)
    return [bundles.get(path) or _checkpoint(path, limit, beam, offline=offline) for path in paths]


def open_model(
    path: str, *, provider: str, kernels: str, max_length: int, beam: int = 1
) -> TimedModel:
    """Open one local model."""
    if is_bundle(path):
        return timed_bundle(path, provider, kernels, beam)
    return _checkpoint(path, max_length, beam, offline=True)


def is_bundle(path: str) -> bool:
    return (Path(path) / MANIFEST).is_file()


def _checkpoint(path: str, max_length: int | None, beam: int, *, offline: bool) -> TimedModel:
    folder = Path(path)
    if folder.is_dir() and not any((folder / n).is_file() for n in ("config.json", "modules.json")):
        raise InputError(
            f"{path} is neither a bundle (it has no {MANIFEST}) nor a checkpoint (no config.json)"
        )
    checkpoint = open_checkpoint(path, offline=offline)
    try:
        from edgebert.latency.checkpoint import timed_checkpoint
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "transformers"):
            raise
        raise MissingExtra(f"timing the checkpoint {path}", "export") from error
    return timed_checkpoint(path, checkpoint, max_length=max_length, beam=beam)
