"""Where a model lies: a local folder, or a hub id whose files are fetched first."""

from __future__ import annotations

import os
import re
from pathlib import Path

from edgebert.errors import CheckpointError

_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/*"]
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


def find_folder(
    model: str, *, offline: bool, with_code: bool = False, with_pickles: bool = False
) -> Path:
    """The folder of a model; the hub is asked only where `model` is no local path.

    Args:
        model: a local path, or a Hugging Face id.
        offline: never touch the network.
        with_code: also fetch Python files.
        with_pickles: also fetch weights in PyTorch's own format.

    Raises:
        CheckpointError: no such folder or id, or the hub cannot be reached.
    """
    path = Path(model)
    if path.is_dir():
        return path
    if path.exists():
        raise CheckpointError(f"{model} is a file; a checkpoint is a folder with config.json")
    if not _HUB_ID.fullmatch(model):
        raise CheckpointError(f"{model} does not exist")
    if offline or os.environ.get("HF_HUB_OFFLINE") == "1":
        raise CheckpointError(f"{model} is no local folder, and --offline forbids the hub")
    wanted = _HUB_FILES + ["*.py"] * with_code + ["*pytorch_model*.bin"] * with_pickles
    return _download(model, wanted)


def _download(model: str, wanted: list[str]) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"{model} is no local folder; to fetch it from the hub: pip install huggingface_hub"
        ) from error
    try:
        return Path(snapshot_download(model, allow_patterns=wanted))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(
            f"{model} is neither a local folder nor a model that could be fetched: {reason}"
        ) from error
