"""A checkpoint folder as transformers or sentence-transformers write it, read without torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from edgebert.checkpoint.checkpoint import ENCODER_CONFIG, Checkpoint
from edgebert.checkpoint.input_length import longest_input
from edgebert.checkpoint.model_folder import find_folder
from edgebert.checkpoint.table_folder import (
    holds_table,
    longest_text,
    read_table_config,
    table_modules,
)
from edgebert.checkpoint.tokenizer_settings import truncation_side
from edgebert.checkpoint.told_task import known_task, told_task
from edgebert.errors import CheckpointError
from edgebert.git_lfs import refuse_pointer
from edgebert.json_files import read_object
from edgebert.records.manifest import COSINE, SIMILARITIES
from edgebert.sentence_modules import (
    PROMPTS,
    Module,
    SentenceModules,
    encoder_folder,
    list_modules,
    read_limits,
    read_prompts,
    read_sentence_modules,
)
from edgebert.tasks.terms import POOLED
from edgebert.weight_files import check_weights

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
)

_TOKENIZER_OBJECTS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
)
_MERGES = "merges.txt"

_ADAPTER = "adapter_config.json"


def open_checkpoint(
    model: str | Path,
    *,
    task: str | None = None,
    max_length: int | None = None,
    offline: bool = False,
    trust_remote_code: bool = False,
) -> Checkpoint:
    """Read what a checkpoint says about itself, and look at the headers of its weights.

    Args:
        model: a local folder, or a Hugging Face id (the hub only when it is not a local path).
        task: a name of `edgebert.tasks.TASKS`; by default what the folder says.
        max_length: longest input in tokens; by default what the folder says.
        offline: never touch the network.
        trust_remote_code: run model code that the folder brings, where it names any.

    Raises:
        CheckpointError: no such folder or id, not a checkpoint, damaged weights, no tokenizer, or
            code of its own that is not trusted.
    """
    root = find_folder(str(model), offline=offline, with_code=trust_remote_code)
    checkpoint = read_folder(root, task=task, max_length=max_length)
    if not trust_remote_code:
        _refuse_own_code(checkpoint.path)
    check_weights(checkpoint.path)
    checkpoint = replace(checkpoint, trust_remote_code=trust_remote_code)
    return checkpoint if Path(model).exists() else replace(checkpoint, id=str(model))


def read_folder(
    root: Path, *, task: str | None = None, max_length: int | None = None
) -> Checkpoint:
    """Read the files beside the weights; these may be of any format, as beside an ONNX file.

    Raises:
        CheckpointError: no configuration or tokenizer, or files that contradict each other.
    """
    refuse_pointer(root / "modules.json", CheckpointError)
    modules = list_modules(root)
    path = encoder_folder(root, modules)
    table = holds_table(path, modules)
    config = read_table_config(path) if table else _read_config(path)
    if not any((path / name).is_file() for name in TOKENIZER_FILES):
        raise CheckpointError(
            f"{path} has no tokenizer: expected {TOKENIZER_FILES[0]} or vocab.txt"
        )
    for name in (*TOKENIZER_FILES, _MERGES):
        refuse_pointer(path / name, CheckpointError)
    # names the file that is none, which transformers would not
    objects = {name: read_object(path / name) for name in _TOKENIZER_OBJECTS}
    limits = read_limits(path)
    task = task or told_task(config, modules, limits)
    kind = known_task(root, task)
    embeds = kind.form == POOLED
    width = config.get("hidden_size") or config.get("dim")
    length, source = (
        longest_text(path, max_length)
        if table
        else longest_input(path, config.get(ENCODER_CONFIG, config), limits, max_length)
    )
    prompts, default_prompt = read_prompts(root, modules) if kind.vectors else ({}, None)
    return Checkpoint(
        path=path,
        root=root,
        id=root.name,
        config=config,
        task=task,
        modules=_sentence_modules(root, modules, width, table=table) if embeds else None,
        max_length=length,
        max_length_source=source,
        prompts=prompts,
        default_prompt=default_prompt,
        similarity=_read_similarity(root, kind.similarity) if kind.vectors else COSINE,
        lower_case=bool(limits.get("do_lower_case")),
        truncation_side=truncation_side(path, objects[TOKENIZER_FILES[0]]),
    )


def _sentence_modules(
    root: Path, modules: list[Module], width: int | None, *, table: bool
) -> SentenceModules:
    if table and not modules:
        return table_modules(root)
    return read_sentence_modules(root, modules, width=width)


def _read_similarity(root: Path, unsaid: str) -> str:
    """What sentence-transformers compares the embeddings by."""
    said = read_object(root / PROMPTS).get("similarity_fn_name")
    if said is not None and said not in SIMILARITIES:
        raise CheckpointError(
            f"{root / PROMPTS} compares embeddings by {said!r}; "
            f"{', '.join(SIMILARITIES[:-1])} or {SIMILARITIES[-1]} is supported"
        )
    return unsaid if said is None else str(said)


def _read_config(path: Path) -> dict[str, Any]:
    config = read_object(path / "config.json")
    if (path / _ADAPTER).is_file():
        raise CheckpointError(
            f"{path} holds an adapter ({_ADAPTER}), which changes the weights of another model: "
            "merge the two and save the result"
        )
    if "model_type" not in config:
        missing = "no config.json" if not config else "a config.json without 'model_type'"
        raise CheckpointError(
            f"{path} is not a checkpoint: it has {missing}. "
            "Expected a folder that transformers or sentence-transformers wrote"
        )
    return config


def _refuse_own_code(path: Path) -> None:
    for name in ("config.json", "tokenizer_config.json"):
        if read_object(path / name).get("auto_map"):
            raise CheckpointError(
                f"{path / name} names Python code of the model's own (auto_map): read that code, "
                "then export it with --trust-remote-code"
            )
