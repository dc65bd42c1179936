"""Fine-tunes a checkpoint for one task on labelled examples."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from transformers import PreTrainedModel

from edgebert.checkpoint import Checkpoint, open_checkpoint
from edgebert.data import Examples, read_examples
from edgebert.data.columns import refuse_without_columns
from edgebert.errors import InputError
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.records.trained import TrainingRecord
from edgebert.tasks.classification import MULTI_LABEL, SINGLE_LABEL
from edgebert.training.loop.fit import fit
from edgebert.training.loop.precision import choose_precision
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import FinetuneOptions
from edgebert.training.results import Run
from edgebert.training.tasks.classification import label_names
from edgebert.training.tasks.embedder import Embedder
from edgebert.training.tasks.masked_words import MASKED_LM
from edgebert.training.tasks.mining import with_hard_negatives
from edgebert.training.tasks.ranking import RankedPairs
from edgebert.training.tasks.tagging import bio_labels
from edgebert.training.tasks.task import (
    Task,
    TaskData,
    masked_language_model,
    question_answering,
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
    data = [path for path in (train, dev) if path]
    run = Run("finetune", task, model, output, data, options)
    with run.folder(resume=resume, force=force) as folder, seeded(options.seed):
        refuse_without_columns(options.columns, data)
        examples = read_examples(train, columns=options.columns.of(train), split="train")
        checkpoint = _open(task, model, options, offline=offline)
        prepared = TASKS[task](checkpoint, examples, options)
        train_data = prepared.encode(_draw(examples, options))
        train_data = _with_negatives(train_data, prepared.model, options)
        dev_data = _read_dev(dev, prepared, options) if dev else None
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
        return run.finish(folder, prepared.model, len(train_data.lengths), fitted)


def _read_dev(dev: Path, prepared: Task, options: FinetuneOptions) -> TaskData:
    return prepared.encode(read_examples(dev, columns=options.columns.of(dev), split="dev"))


def _open(task: str, model: str, options: FinetuneOptions, *, offline: bool) -> Checkpoint:
    """Open what is trained for `task`, whatever head it has so far."""
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}: expected one of {', '.join(TASKS)}")
    prepare = TASKS[task]
    if options.multi_label and prepare is not _classifier:
        raise InputError(f"several labels to a text are for {TEXT_CLASSIFICATION}, not for {task}")
    if (options.matryoshka or options.hard_negatives) and prepare is not _embedder:
        named = "--matryoshka" if options.matryoshka else "--hard-negatives"
        raise InputError(f"{named} is for {SENTENCE_SIMILARITY}, not for {task}")
    kind = {SENTENCE_SIMILARITY: EMBEDDINGS, MASKED_LM: FILL_MASK}.get(task, task)
    return open_checkpoint(model, task=kind, max_length=options.max_length, offline=offline)


def _classifier(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    several = options.multi_label or examples.label_lists or checkpoint.multi_label
    labels = label_names(examples, multi_label=several)
    return text_classification(checkpoint, labels, MULTI_LABEL if several else SINGLE_LABEL)


def _tagger(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    return token_classification(checkpoint, bio_labels(examples))


def _embedder(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    if options.batch_size < 2:
        raise InputError(
            f"{SENTENCE_SIMILARITY} compares the examples of a step with each other: "
            "--batch-size should be at least 2"
        )
    return sentence_embedding(checkpoint, Embedder.of(checkpoint).by_cosine(), options.matryoshka)


def _reader(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    return question_answering(checkpoint)


def _guesser(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    return masked_language_model(checkpoint)


TASKS: dict[str, Callable[[Checkpoint, Examples, FinetuneOptions], Task]] = {
    TEXT_CLASSIFICATION: _classifier,
    TOKEN_CLASSIFICATION: _tagger,
    SENTENCE_SIMILARITY: _embedder,
    QUESTION_ANSWERING: _reader,
    MASKED_LM: _guesser,
}
"""What puts the head of a task on a checkpoint."""


def _with_negatives(data: TaskData, model: PreTrainedModel, options: FinetuneOptions) -> TaskData:
    """The examples, with as many hard negatives as are asked for."""
    if not options.hard_negatives:
        return data
    if not isinstance(data, RankedPairs):
        raise InputError("--hard-negatives is for pairs that belong together, not for scores")
    with choose_precision(options.precision, model.device).autocast():
        return with_hard_negatives(data, model, options.hard_negatives)


def _draw(examples: Examples, options: FinetuneOptions) -> Examples:
    """A random draw of `options.limit` examples, or all where there are no more."""
    if options.limit is not None and examples.retrieval:
        raise InputError(f"{examples.path}: --limit draws rows of a file, and this is a folder")
    if options.limit is None or options.limit >= len(examples):
        return examples
    return examples.take(random.Random(options.seed).sample(range(len(examples)), options.limit))
