"""Lines of JavaScript that ask a bundle for what its task is."""

from __future__ import annotations

import json
import re

from edgebert.records.manifest import Manifest
from edgebert.tasks import task_of
from edgebert.tasks.terms import PER_MASK


def client_call(manifest: Manifest) -> str:
    """What asks a model of our client: Python's call, with its verb in camelCase."""
    call = task_of(manifest.task).call(manifest.labels, manifest.mask_token)
    verb, opening, rest = call.partition("(")
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), verb) + opening + rest


def pipeline_call(manifest: Manifest) -> str:
    """What asks a pipeline of transformers.js, which is called `ask`, for the bundle's answers."""
    task = task_of(manifest.task)
    if task.vectors:
        pooled = {"pooling": manifest.pooling, "normalize": manifest.normalize}
        options = ", ".join(f"{key}: {json.dumps(value)}" for key, value in pooled.items())
        return f'ask(["first text", "second text"], {{ {options} }})'
    if task.reads_whole and task.reads_pairs:
        return 'ask("a question", "the text that answers it")'
    if task.rows == PER_MASK:
        return f"ask({json.dumps(f'a {manifest.mask_token} text', ensure_ascii=False)})"
    return 'ask(["first text", "second text"])'
