"""Which task a checkpoint folder is for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError, InputError
from edgebert.json_files import read_object
from edgebert.sentence_modules import Module
from edgebert.tasks import TASKS, Task, task_of

_ENCODER_ALONE = TASKS[0].name


def known_task(root: Path, name: str) -> Task:
    """The task that a folder is for.

    Raises:
        CheckpointError: none of that name is exported.
    """
    try:
        return task_of(name)
    except InputError as error:
        raise never_exported(root.name, name) from error


def never_exported(model: str, task: str) -> CheckpointError:
    """What is told of a model of a task that no graph of an encoder answers."""
    names = ", ".join(task.name for task in TASKS if task.fits_encoders)
    return CheckpointError(f"{model} is for {task}, which cannot be exported; --task takes {names}")


def told_task(config: dict[str, Any], modules: list[Module], limits: dict[str, Any]) -> str:
    """The name of the task that a folder says it is for; an encoder alone embeds.

    Args:
        config: its config.json.
        modules: of sentence-transformers' modules.json; none where there is no such file.
        limits: what else sentence-transformers says of the encoder.

    Raises:
        CheckpointError: the module that tells the task does otherwise than our graphs do.
    """
    for task in TASKS:
        if task.model_type == config["model_type"]:
            return task.name
    last = modules[-1] if len(modules) == 2 else None  # an encoder, and what tells the task
    told = next((task for task in TASKS if last and task.module == last.kind), None)
    if told is not None and last is not None:
        told.require_module(read_object(last.folder / "config.json"), last.folder)
        return told.name
    if _embeds(modules, limits):
        return _ENCODER_ALONE
    return task_of_head(config) or _ENCODER_ALONE


def task_of_head(config: dict[str, Any]) -> str | None:
    """The task whose head a checkpoint was saved with; None for an encoder without one."""
    classes = config.get("architectures") or [""]
    return next((t.name for t in TASKS if t.head and classes[0].endswith(t.head)), None)


def _embeds(modules: list[Module], limits: dict[str, Any]) -> bool:
    """Whether a sentence-transformers folder embeds: a reranker has modules.json too."""
    head = limits.get("transformer_task", _ENCODER_ALONE) != _ENCODER_ALONE and len(modules) == 1
    return bool(modules) and not head
