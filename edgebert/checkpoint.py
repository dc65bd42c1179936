"""A checkpoint folder as transformers or sentence-transformers write it, read without torch."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.records.manifest import (
    EMBEDDINGS,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.weight_files import check_weights

POOLING_MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
}
"""Keys of sentence-transformers' 1_Pooling/config.json, and the name of each mode."""

_TASK_OF_CLASS = (
    ("ForSequenceClassification", TEXT_CLASSIFICATION),
    ("ForTokenClassification", TOKEN_CLASSIFICATION),
    ("ForQuestionAnswering", QUESTION_ANSWERING),
)
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "sentencepiece.bpe.model", "spiece.model")
_HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "1_Pooling/*"]
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_UNBOUNDED = 1_000_000  # transformers writes 1e30 where a tokenizer states no length


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint folder says about itself.

    Attributes:
        path: folder of config.json, weights and tokenizer.
        root: the folder that was named; differs where modules.json keeps the encoder below it.
        pooling, normalize: how an embedding is made of token vectors; None for heads.
        max_length: longest input in tokens; `max_length_source` says which file decided.
    """

    path: Path
    root: Path
    id: str
    config: dict[str, Any]
    task: str
    pooling: str | None
    normalize: bool
    max_length: int
    max_length_source: str
    prompts: dict[str, str]

    @property
    def architecture(self) -> str:
        return str(self.config["model_type"])

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the logits; empty where the task has none."""
        if self.task in (EMBEDDINGS, QUESTION_ANSWERING):
            return ()
        names = self.config.get("id2label") or {}
        return tuple(names[key] for key in sorted(names, key=int)) or ("LABEL_0", "LABEL_1")

    @property
    def problem_type(self) -> str | None:
        if self.task != TEXT_CLASSIFICATION:
            return None
        return self.config.get("problem_type") or "single_label_classification"

    def sha256(self) -> str:
        """Hash of the weights: what identifies the checkpoint in a manifest."""
        digest = hashlib.sha256()
        for file in sorted(self.path.glob("*.safetensors")):
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()


def open_checkpoint(
    model: str | Path,
    *,
    task: str | None = None,
    max_length: int | None = None,
    offline: bool = False,
) -> Checkpoint:
    """Read what a checkpoint says about itself, and look at the headers of its weights.

    Args:
        model: a local folder, or a Hugging Face id (the hub only when it is not a local path).
        task: one of `edgebert.records.manifest.TASKS`; by default what the folder says.
        max_length: longest input in tokens; by default what the folder says.
        offline: never touch the network.

    Raises:
        CheckpointError: no such folder or id, not a checkpoint, damaged weights, no tokenizer.
    """
    root = _folder_of(str(model), offline=offline)
    checkpoint = read_folder(root, task=task, max_length=max_length)
    check_weights(checkpoint.path)
    return checkpoint if Path(model).exists() else replace(checkpoint, id=str(model))


def read_folder(
    root: Path, *, task: str | None = None, max_length: int | None = None
) -> Checkpoint:
    """Read the files beside the weights; these may be of any format, as beside an ONNX file.

    Raises:
        CheckpointError: no configuration or tokenizer, or files that contradict each other.
    """
    modules = _read_modules(root)
    path = root / modules.get("Transformer", "")
    config = _read_config(path)
    if not any((path / name).is_file() for name in TOKENIZER_FILES):
        raise CheckpointError(
            f"{path} has no tokenizer: expected {TOKENIZER_FILES[0]} or vocab.txt"
        )
    _read_json(path / TOKENIZER_FILES[0])  # names the file, which transformers would not
    task = task or _infer_task(config, is_sentence_transformer=bool(modules))
    pooling = _pooling(root, modules) if task == EMBEDDINGS else None
    length, source = _max_length(path, config, max_length)
    return Checkpoint(
        path=path,
        root=root,
        id=root.name,
        config=config,
        task=task,
        pooling=pooling,
        normalize=task == EMBEDDINGS and "Normalize" in modules,
        max_length=length,
        max_length_source=source,
        prompts=_read_json(root / "config_sentence_transformers.json").get("prompts") or {},
    )


def _folder_of(model: str, *, offline: bool) -> Path:
    path = Path(model)
    if path.is_dir():
        return path
    if path.exists():
        raise CheckpointError(f"{model} is a file; a checkpoint is a folder with config.json")
    if not _HUB_ID.fullmatch(model):
        raise CheckpointError(f"{model} does not exist")
    if offline or os.environ.get("HF_HUB_OFFLINE") == "1":
        raise CheckpointError(f"{model} is no local folder, and --offline forbids the hub")
    return _download(model)


def _download(model: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ModuleNotFoundError as error:
        raise CheckpointError(
            f"{model} is no local folder; to fetch it from the hub: pip install huggingface_hub"
        ) from error
    try:
        return Path(snapshot_download(model, allow_patterns=_HUB_FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(
            f"{model} is neither a local folder nor a model that could be fetched: {reason}"
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file that may be absent."""
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} should hold a JSON object")
    return value


def _read_config(path: Path) -> dict[str, Any]:
    config = _read_json(path / "config.json")
    if "model_type" not in config:
        missing = "no config.json" if not config else "a config.json without 'model_type'"
        raise CheckpointError(
            f"{path} is not a checkpoint: it has {missing}. "
            "Expected a folder that transformers or sentence-transformers wrote"
        )
    return config


def _read_modules(root: Path) -> dict[str, str]:
    """Module class name to folder, from modules.json; empty for a plain transformers folder."""
    path = root / "modules.json"
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {entry["type"].rsplit(".", 1)[-1]: entry["path"] for entry in entries}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a list of sentence-transformers modules") from error


def _infer_task(config: dict[str, Any], *, is_sentence_transformer: bool) -> str:
    if is_sentence_transformer:
        return EMBEDDINGS
    classes = config.get("architectures") or [""]
    return next((task for end, task in _TASK_OF_CLASS if classes[0].endswith(end)), EMBEDDINGS)


def _pooling(root: Path, modules: dict[str, str]) -> str:
    """Pooling mode; a plain encoder without sentence-transformers files gets the usual mean."""
    unknown = set(modules) - {"Transformer", "Pooling", "Normalize"}
    if unknown:
        raise CheckpointError(f"{root} uses modules that cannot be exported: {sorted(unknown)}")
    if "Pooling" not in modules:
        return "mean"
    modes = _pooling_modes(_read_json(root / modules["Pooling"] / "config.json"))
    if len(modes) != 1 or modes[0] not in POOLING_MODES.values():
        raise CheckpointError(f"{root} pools by {modes or 'nothing'}; mean or cls is supported")
    return modes[0]


def _pooling_modes(config: dict[str, Any]) -> list[str]:
    if "pooling_mode" in config:  # one name, as sentence-transformers 5 writes it
        return [str(config["pooling_mode"])]
    flags = (key for key, on in config.items() if key.startswith("pooling_mode_") and on is True)
    return [POOLING_MODES.get(key, key) for key in flags]


def _max_length(path: Path, config: dict[str, Any], asked: int | None) -> tuple[int, str]:
    """The longest input: what was asked, else the first of the files that states one."""
    positions = int(config.get("max_position_embeddings") or _UNBOUNDED)
    if config["model_type"] in ("roberta", "xlm-roberta", "camembert"):
        positions -= int(config.get("pad_token_id") or 0) + 1  # their table starts at padding + 1
    if asked is not None:
        if not 3 <= asked <= positions:
            raise CheckpointError(
                f"max length {asked} is outside 3..{positions}, the position table"
            )
        return asked, "--max-length"
    stated = (
        (
            "sentence_bert_config.json",
            _read_json(path / "sentence_bert_config.json"),
            "max_seq_length",
        ),
        ("tokenizer_config.json", _read_json(path / "tokenizer_config.json"), "model_max_length"),
    )
    for name, values, key in stated:
        if 0 < (values.get(key) or 0) < _UNBOUNDED:
            return min(int(values[key]), positions), name
    return positions, "config.json"
