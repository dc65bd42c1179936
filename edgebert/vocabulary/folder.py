"""The folder of a checkpoint whose vocabulary is trimmed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import Checkpoint, read_folder
from edgebert.checkpoint.checkpoint import ENCODER_CONFIG
from edgebert.json_files import read_object, write_value
from edgebert.sentence_modules import list_modules
from edgebert.vocabulary.rebuilding import rebuild_tokenizer_config, renumbered
from edgebert.vocabulary.rows import keep_rows

_TOKENIZER_CONFIG = "tokenizer_config.json"
_MADE_ANEW = {TOKENIZER, "config.json", "added_tokens.json", "vocab.json", "generation_config.json"}


def write_folder(
    checkpoint: Checkpoint,
    folder: Path,
    tokenizer: dict[str, Any],
    config: Any,
    kept: Sequence[int],
) -> None:
    """Write all that makes up a checkpoint; files that hold the old vocabulary stay behind.

    Args:
        checkpoint: the whole checkpoint.
        folder: where the smaller one is written.
        tokenizer: its tokenizer.json.
        config: the configuration of what reads texts, as transformers reads it.
        kept: ids of the pieces that stay.
    """
    path = folder / checkpoint.path.relative_to(checkpoint.root)
    path.mkdir(parents=True, exist_ok=True)
    _copy_settings(checkpoint.root, folder)
    _copy_settings(checkpoint.path, path)
    _copy_other_modules(checkpoint, folder)
    new_ids = renumbered(kept)
    write_value(path / TOKENIZER, tokenizer)
    if (path / _TOKENIZER_CONFIG).is_file():
        about = rebuild_tokenizer_config(read_object(path / _TOKENIZER_CONFIG), new_ids)
        write_value(path / _TOKENIZER_CONFIG, about)
    write_value(path / "config.json", _renumbered_config(checkpoint, config, new_ids))
    keep_rows(checkpoint.path, path, config, kept, prefix=checkpoint.encoder_prefix)


def open_trimmed(checkpoint: Checkpoint, folder: Path) -> Checkpoint:
    """Open what was written to `folder`, under the name and with the choices of the whole one."""
    trimmed = read_folder(folder, task=checkpoint.task, max_length=checkpoint.max_length)
    return replace(
        trimmed,
        id=checkpoint.id,
        max_length_source=checkpoint.max_length_source,
        trust_remote_code=checkpoint.trust_remote_code,
    )


def named_ids(config: Any) -> set[int]:
    """Ids that the configuration names, and all up to the padding's where that comes early.

    RoBERTa and its kin count positions from the padding's id, which therefore must not move.
    """
    padding = config.pad_token_id or 0
    early = range(padding + 1) if padding < config.vocab_size // 2 else ()
    named = {index for ids in _token_ids(config).values() for index in ids}
    return {index for index in named | set(early) if 0 <= index < config.vocab_size}


def _copy_settings(source: Path, target: Path) -> None:
    for file in (*source.glob("*.json"), *source.glob("*.py")):
        if file.name not in _MADE_ANEW:
            shutil.copyfile(file, target / file.name)


def _copy_other_modules(checkpoint: Checkpoint, folder: Path) -> None:
    """Copy the modules of sentence-transformers that follow the encoder."""
    for module in list_modules(checkpoint.root):
        within = module.folder.relative_to(checkpoint.root)
        if module.kind != "Transformer" and module.folder.is_dir():
            shutil.copytree(module.folder, folder / within, dirs_exist_ok=True)


def _renumbered_config(
    checkpoint: Checkpoint, config: Any, new_ids: dict[int, int]
) -> dict[str, Any]:
    """config.json with the new size and ids, also those that stood for themselves as defaults."""
    values = {**checkpoint.encoder_config, "vocab_size": len(new_ids)}
    for key, ids in _token_ids(config).items():
        moved = [new_ids.get(index, index) for index in ids]
        values[key] = moved if isinstance(getattr(config, key), list) else moved[0]
    if not checkpoint.encoder_prefix:
        return values
    return {**checkpoint.config, ENCODER_CONFIG: values}


def _token_ids(config: Any) -> dict[str, list[int]]:
    """The ids of each setting that names a token (`eos_token_id` may be several)."""
    settings = {key: value for key, value in config.to_dict().items() if key.endswith("_token_id")}
    listed = {key: value if isinstance(value, list) else [value] for key, value in settings.items()}
    return {key: ids for key, ids in listed.items() if all(isinstance(i, int) for i in ids)}
