"""What lies in a folder of sentence-transformers: its modules by kind, its prompts, its limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.json_files import parse, read_object

ENCODER = "Transformer"
TABLE = "StaticEmbedding"
"""A table of embeddings in the place of an encoder and its pooling, which is the mean."""

_MASKED_LANGUAGE_ENCODER, _LEXICAL_POOLING = "MLMTransformer", "SpladePooling"
POOLING, ROUTERS = "Pooling", ("Router", "Asym")
PROMPTS = "config_sentence_transformers.json"
LIMITS = (
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
)
"""Where the longest input stands; all but the first are names of old versions."""

_ROUTER_FILES = ("router_config.json", "config.json")


@dataclass(frozen=True)
class Module:
    """One entry of modules.json."""

    kind: str
    folder: Path


def list_modules(root: Path) -> list[Module]:
    """The modules of a sentence-transformers folder; none for a plain transformers folder.

    Raises:
        CheckpointError: modules.json holds something else, or names code that is not
            sentence-transformers' own.
    """
    path = root / "modules.json"
    if not path.is_file():
        return []
    try:
        entries = [
            (entry["type"].rpartition("."), str(entry["path"]))
            for entry in parse(path.read_text(encoding="utf-8"))
        ]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a list of sentence-transformers modules") from error
    for (package, _, kind), folder in entries:
        if package.partition(".")[0] != "sentence_transformers":
            raise CheckpointError(
                f"{path} asks for code of its own, {package}.{kind}: not run here"
            )
        if not (root / folder).resolve().is_relative_to(root.resolve()):
            raise CheckpointError(f"{path} leaves its folder: {folder!r}")
    return [Module(kind, root / folder) for (_, _, kind), folder in entries]


def encoder_folder(root: Path, modules: list[Module]) -> Path:
    """Where the encoder, or the table in its place, lies: the folder itself, or one below it.

    Raises:
        CheckpointError: there are modules, and none of them is an encoder of transformers or a
            table.
    """
    if not modules:
        return root
    lexical = [module.kind for module in modules] == [_MASKED_LANGUAGE_ENCODER, _LEXICAL_POOLING]
    kinds = (_MASKED_LANGUAGE_ENCODER,) if lexical else (ENCODER, TABLE)
    encoder = next((module.folder for module in modules if module.kind in kinds), None)
    if encoder is None:
        raise cannot_be_exported(root, modules)
    return encoder


def cannot_be_exported(root: Path, modules: list[Module]) -> CheckpointError:
    """The error that names modules that no graph is made of, and what a router's ways are."""
    kinds = sorted({module.kind for module in modules})
    router = next((module for module in modules if module.kind in ROUTERS), None)
    if router is None:
        return CheckpointError(f"{root} uses modules that cannot be exported: {kinds}")
    ways = " and ".join(_ways(router.folder)) or "texts"
    return CheckpointError(
        f"{root} uses modules that cannot be exported: {kinds}, which sends {ways} through modules "
        "of their own: save those of one way as a model by itself, and export that"
    )


def _ways(router: Path) -> list[str]:
    said = next((found for name in _ROUTER_FILES if (found := read_object(router / name))), {})
    structure = said.get("structure")
    return list(map(str, structure)) if isinstance(structure, dict) else []


def read_prompts(root: Path, modules: list[Module]) -> tuple[dict[str, str], str | None]:
    """The prompts by name, and the name of the one that stands before every text by itself.

    Raises:
        CheckpointError: prompts that pooling is to leave out, or a default that is none of them.
    """
    said = read_object(root / PROMPTS)
    prompts = {str(name): str(text or "") for name, text in (said.get("prompts") or {}).items()}
    default = said.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise CheckpointError(
            f"{root / PROMPTS}: the default prompt {default!r} is not one of its prompts"
        )
    for module in modules:
        included = read_object(module.folder / "config.json").get("include_prompt", True)
        if module.kind == POOLING and not included and any(prompts.values()):
            raise CheckpointError(
                f"{module.folder} leaves the prompt out of the pooling (include_prompt: false), "
                "which cannot be exported: a graph does not see where the prompt ends. Without "
                f"the prompts in {PROMPTS} it can"
            )
    return prompts, default


def read_limits(path: Path) -> dict[str, Any]:
    """What sentence-transformers keeps beside the encoder, under any of its names."""
    return next((said for name in LIMITS if (said := read_object(path / name))), {})
