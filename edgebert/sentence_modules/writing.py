"""Write what follows an encoder as sentence-transformers, and TEI, read it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from edgebert.json_files import write_value
from edgebert.sentence_modules.folder import ENCODER, LIMITS, POOLING, PROMPTS, TABLE
from edgebert.sentence_modules.reading import LEGACY_MODES
from edgebert.sentence_modules.steps import (
    WEIGHTS,
    Dense,
    LayerNorm,
    SentenceModules,
    Step,
    Truncate,
)


def write_sentence_modules(
    folder: Path,
    modules: SentenceModules,
    *,
    width: int,
    max_length: int,
    lower_case: bool = False,
) -> None:
    """Write modules.json, the subfolders and sentence_bert_config.json.

    Args:
        folder: of the encoder; the subfolders of its modules do not exist.
        modules: what follows the encoder.
        width: of a token vector.
        max_length: longest input in tokens.
        lower_case: said although tokenizer.json does it too: transformers 5 makes some tokenizers
            anew from their vocabulary, and forgets what tokenizer.json normalizes.
    """
    paths = _write_list(folder, (ENCODER, POOLING), modules)
    write_value(folder / paths[1] / "config.json", _pooling_config(modules.poolings, width))
    limits = {"max_seq_length": max_length, "do_lower_case": lower_case}
    write_value(folder / LIMITS[0], limits)


def write_table_modules(folder: Path, modules: SentenceModules) -> None:
    """Write modules.json and the subfolders of a table of embeddings, whose pooling is the mean."""
    _write_list(folder, (TABLE,), modules)


def _write_list(folder: Path, before: tuple[str, ...], modules: SentenceModules) -> list[str]:
    """Write modules.json and the folders of the steps; the paths of all modules.

    Args:
        folder: of the first module.
        before: kinds of the modules before the steps.
        modules: the steps.
    """
    steps = [step for step in modules.steps if not isinstance(step, Truncate)]
    kinds = [*before, *(type(step).__name__ for step in steps)]
    paths = ["", *(f"{index}_{kind}" for index, kind in enumerate(kinds) if index)]
    entries = [
        {"idx": index, "name": str(index), "path": path, "type": _written_type(kind)}
        for index, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    write_value(folder / "modules.json", entries)
    for path in paths[1:]:
        (folder / path).mkdir()
    for path, step in zip(paths[len(before) :], steps, strict=True):
        _write_step(folder / path, step)
    return paths


def write_prompts(
    folder: Path,
    prompts: dict[str, str],
    default: str | None,
    similarity: str,
    *,
    truncate_dim: int | None = None,
    normalize: bool | None = None,
) -> None:
    """Write the prompts, and how vectors are used, as sentence-transformers reads them.

    `normalize` is for model2vec, which reads it here of a table of static embeddings.
    """
    value: dict[str, Any] = {"__version__": {}, "prompts": prompts, "default_prompt_name": default}
    value["similarity_fn_name"] = similarity
    if truncate_dim is not None:
        value["truncate_dim"] = truncate_dim
    if normalize is not None:
        value["normalize"] = normalize
    write_value(folder / PROMPTS, value)


def _pooling_config(poolings: tuple[str, ...], width: int) -> dict[str, Any]:
    """In the keys that every version knows, where they can say it: these have an order of their own."""
    modes = {key: mode in poolings for key, mode in LEGACY_MODES.items()}
    said: dict[str, Any] = {"word_embedding_dimension": width, **modes}
    if [mode for mode in LEGACY_MODES.values() if mode in poolings] != list(poolings):
        said = {"embedding_dimension": width, "pooling_mode": list(poolings)}
    return {**said, "include_prompt": True}


def _write_step(folder: Path, step: Step) -> None:
    """Write the configuration and the weights of a step, where it has any."""
    if isinstance(step, Dense):
        _write_dense(folder, step)
    elif isinstance(step, LayerNorm):
        write_value(folder / "config.json", {"dimension": step.dimension})
        shutil.copyfile(step.folder / WEIGHTS, folder / WEIGHTS)


def _write_dense(folder: Path, dense: Dense) -> None:
    said: dict[str, Any] = {
        "in_features": dense.in_features,
        "out_features": dense.out_features,
        "bias": dense.bias,
        "activation_function": dense.activation_function,
    }
    if dense.residual:  # a key that older versions do not know
        said["use_residual"] = True
    write_value(folder / "config.json", said)
    shutil.copyfile(dense.folder / WEIGHTS, folder / WEIGHTS)


def _written_type(kind: str) -> str:
    """The path that every version of sentence-transformers, and TEI, knows."""
    return f"sentence_transformers.models.{kind}"
