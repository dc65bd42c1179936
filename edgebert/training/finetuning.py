"""Fine-tunes a checkpoint for one task on labelled examples."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgebert.checkpoint import Checkpoint, open_checkpoint
from edgebert.data import Examples, read_examples
from edgebert.errors import InputError
from edgebert.records.manifest import (
    COSINE,
    EMBEDDINGS,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.records.trained import TrainingRecord
from edgebert.sentence_modules import Normalize, SentenceModules, Truncate
from edgebert.tasks.classification import MULTI_LABEL, SINGLE_LABEL
from edgebert.training.loop.fit import fit
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import FinetuneOptions
from edgebert.training.recipe import Given
from edgebert.training.results import Run
from edgebert.training.tasks.classification import label_names
from edgebert.training.tasks.similarity import Embedder
from edgebert.training.tasks.tagging import bio_labels
from edgebert.training.tasks.task import (
    Task,
    sentence_embedding,
    text_classification,
    token_classification,
)

SENTENCE_SIMILARITY = "sentence-similarity"


def finetune(
    model: str,
    output: Path,
    *,
    task: str,
    train: Path,
    dev: Path | None = None,
    options: FinetuneOptions,
    resume: bool = False,
    force: bool = False,
    offline: bool = False,
) -> TrainingRecord:
    """Train a checkpoint for a task, and keep the epoch that does best on `dev`.

    Args:
        model: a local folder or a Hugging Face id.
        output: the checkpoint to write; for sentence-similarity a sentence-transformers folder.
        task: one of `TASKS`.
        train: examples with labels, entities or scores, as the task needs.
        dev: the same for choosing the epoch; without it the last one is kept.
        options: how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: `model` cannot be loaded.
        InputError: a file without what the task needs, a label that only `dev` has, or several
            labels to a text asked of another task.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    given: Given = {"model": model, "task": task, "train": train, "dev": dev}
    run = Run("finetune", task, given, output, options)
    with run.folder(resume=resume, force=force) as folder, seeded(options.seed):
        examples = read_examples(train)
        checkpoint = _open(task, model, options, offline=offline)
        prepared = TASKS[task](checkpoint, examples, options)
        train_data = prepared.encode(_draw(examples, options))
        held_out = read_examples(dev) if dev else None
        dev_data = prepared.encode(held_out) if held_out is not None else None
        fitted = fit(
            prepared.model,
            train_data,
            options,
            exam=dev_data,
            label="fine-tuning",
            head_learning_rate=options.head_learning_rate,
            unfinished=run.unfinished(prepared.write, checkpoint),
        )
        prepared.write(folder)
        rows = {"train": len(examples), "dev": len(held_out or ())}
        count = len(train_data.lengths)
        return run.finish(folder, prepared.model, count, fitted, exam=dev_data, rows=rows)


def _open(task: str, model: str, options: FinetuneOptions, *, offline: bool) -> Checkpoint:
    """Open what is trained for `task`, whatever head it has so far."""
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}: expected one of {', '.join(TASKS)}")
    prepare = TASKS[task]
    if options.multi_label and prepare is not _classifier:
        raise InputError(f"several labels to a text are for {TEXT_CLASSIFICATION}, not for {task}")
    kind = EMBEDDINGS if prepare is _embedder else task
    return open_checkpoint(model, task=kind, max_length=options.max_length, offline=offline)


def _classifier(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    several = options.multi_label or examples.label_lists or checkpoint.multi_label
    labels = label_names(examples, multi_label=several)
    return text_classification(checkpoint, labels, MULTI_LABEL if several else SINGLE_LABEL)


def _tagger(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    return token_classification(checkpoint, bio_labels(examples))


def _embedder(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    return sentence_embedding(checkpoint, Embedder(_normalized(checkpoint), COSINE))


TASKS: dict[str, Callable[[Checkpoint, Examples, FinetuneOptions], Task]] = {
    TEXT_CLASSIFICATION: _classifier,
    TOKEN_CLASSIFICATION: _tagger,
    SENTENCE_SIMILARITY: _embedder,
}
"""What puts the head of a task on a checkpoint."""


def _normalized(checkpoint: Checkpoint) -> SentenceModules:
    """The checkpoint's way to an embedding, at length 1 at its end: what is learnt is a cosine."""
    modules = checkpoint.modules or SentenceModules(("mean",))
    cut = [step for step in modules.steps if isinstance(step, Truncate)]  # comes behind all modules
    steps = [step for step in modules.steps if not isinstance(step, Truncate)]
    if not steps or steps[-1] != Normalize():
        steps.append(Normalize())
    return replace(modules, steps=(*steps, *cut))


def _draw(examples: Examples, options: FinetuneOptions) -> Examples:
    """A random draw of `options.limit` examples, or all where there are no more."""
    if options.limit is None or options.limit >= len(examples):
        return examples
    return examples.take(random.Random(options.seed).sample(range(len(examples)), options.limit))
