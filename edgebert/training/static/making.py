"""Makes a table of static embeddings of a sentence model, and trains it where there are texts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from torch import Tensor

from edgebert.checkpoint import Checkpoint, open_checkpoint
from edgebert.checkpoint.table_model import TableConfig, TableModel
from edgebert.data import Examples, read_examples
from edgebert.data.columns import refuse_without_columns
from edgebert.errors import CheckpointError, InputError
from edgebert.records.trained import TrainingRecord
from edgebert.sentence_modules import Normalize, SentenceModules
from edgebert.tasks import task_of
from edgebert.tasks.terms import POOLED
from edgebert.training.distillation.agreement import Agreement, told
from edgebert.training.distillation.lesson import Lesson
from edgebert.training.loop.fit import Fitted, fit
from edgebert.training.loop.objective import Exam
from edgebert.training.loop.precision import FP32
from edgebert.training.loop.seeding import seeded
from edgebert.training.models import save_model
from edgebert.training.options import StaticOptions
from edgebert.training.recipe import Given
from edgebert.training.results import Run
from edgebert.training.static.table import count_tokens, directions, table_rows, unit
from edgebert.training.static.token_vectors import token_vectors
from edgebert.training.tasks.asked import Asked
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.embedding_head import open_embedder
from edgebert.training.tasks.sentences.sentence_folder import write_sentence_folder
from edgebert.training.tasks.task import Task
from edgebert.training.watching import watched

COMMAND = "distill-static"
_EMBEDDER = Embedder(SentenceModules(("mean",), (Normalize(),)))


def distill_static(
    teacher: str,
    output: Path,
    *,
    train: Path | None = None,
    dev: Path | None = None,
    texts: Path | None = None,
    options: StaticOptions,
    resume: bool = False,
    tensorboard: Path | None = None,
    force: bool = False,
    offline: bool = False,
) -> TrainingRecord:
    """Make a table of static embeddings of a sentence model: a row for each token, and no layers.

    The rows begin as what the teacher makes of each token alone (see `edgebert.training.static.table`).
    Texts make it good: there, as in Tulkens & van Dongen 2025, "POTION: bag of tricks leads to better
    models", the mean of a text's rows learns to be the teacher's embedding of that text.

    Args:
        teacher: a local folder or a Hugging Face id of a sentence model.
        output: the student to write, in the layout of sentence-transformers.
        train: examples, of which the texts alone are read.
        dev: examples for choosing the epoch, by the task's metric, or without scores by how far
            the student agrees with its teacher.
        texts: unlabelled texts, beside `train` or instead of it. Without either nothing is trained.
        options: how wide the rows are, how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        tensorboard: where TensorBoard finds the curves while they grow, under the output's name.
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: the teacher cannot be loaded, or is no sentence model with layers.
        InputError: rows wider than the teacher's embeddings, a file of a single text, or `dev` where
            nothing is trained.
        MissingExtra: `tensorboard` is asked for and not installed.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    if dev and not (train or texts):
        raise InputError("--dev chooses among trained tables: give --texts or --train too")
    refuse_without_columns(options.columns, [path for path in (train, texts, dev) if path])
    checkpoint = open_checkpoint(teacher, max_length=options.max_length, offline=offline)
    _refuse_unfit(checkpoint)
    given: Given = {"teacher": teacher, "train": train, "texts": texts, "dev": dev}
    run = Run(COMMAND, checkpoint.task, given, output, options)
    with (
        run.folder(resume=resume, force=force) as folder,
        watched(tensorboard, output) as watch,
        seeded(options.seed),
    ):
        taught = open_embedder(checkpoint)
        taught.model.eval()
        _refuse_wider(taught, options)
        paths = {"train": train, "texts": texts, "dev": dev}
        read = {role: _read(path, options) for role, path in paths.items() if path}
        seen = [text for role in ("train", "texts") if role in read for text in read[role].texts]
        asked = taught.ask(seen) if seen else None
        said = unit(told(taught, asked, options.precision)) if asked else None
        onto, student = _begun(taught, checkpoint, asked, said, options)
        fitted, exam = _UNTRAINED, None
        if said is not None:
            exam = _exam(student, taught, onto, read["dev"]) if dev else None
            fitted = fit(
                student.model,
                Lesson(student.ask(seen), taught=unit(said @ onto)),
                options,
                exam=exam,
                label="distilling",
                unfinished=run.unfinished(student.write, checkpoint),
                watch=watch,
            )
        student.write(folder)
        rows = {role: len(found) for role, found in read.items()}
        examples = len(asked.encoded.lengths) if asked else 0
        return run.finish(folder, student.model, examples, fitted, exam=exam, rows=rows)


_UNTRAINED = Fitted(
    epochs=(),
    metric=None,
    best_dev=None,
    best_step=None,
    steps=0,
    precision="fp32",
    device="cpu",
    processes=1,
    curve=(),
    evaluations=(),
)


def _refuse_unfit(checkpoint: Checkpoint) -> None:
    if task_of(checkpoint.task).form != POOLED:
        raise CheckpointError(
            f"{checkpoint.id} is for {checkpoint.task}: static embeddings are made of a sentence "
            f"model, and finetune puts a head on them"
        )
    if checkpoint.is_table:
        raise CheckpointError(
            f"{checkpoint.id} is a table of static embeddings already: give the model with layers, or "
            "train this one with finetune --task sentence-similarity"
        )


def _refuse_wider(taught: Task, options: StaticOptions) -> None:
    assert taught.embedder is not None
    width = taught.embedder.width(taught.model.config.hidden_size)
    if options.dimensions > width:
        raise InputError(
            f"--dimensions {options.dimensions} is more than the {width} numbers of the teacher's "
            "embeddings: choose that or less"
        )


def _read(path: Path, options: StaticOptions) -> Examples:
    examples = read_examples(path, columns=options.columns.of(path))
    if len(examples) < 2:
        raise InputError(
            f"{path} holds a single text, and a table is made by how texts differ: give more of them"
        )
    return examples


def _begun(
    taught: Task,
    checkpoint: Checkpoint,
    asked: Asked | None,
    said: Tensor | None,
    options: StaticOptions,
) -> tuple[Tensor, Task]:
    """The directions onto which the teacher's embeddings are projected, and the table of its tokens."""
    tokens = token_vectors(taught, len(taught.tokenizer), options)
    onto = directions(tokens, said, options.dimensions)
    ids = asked.encoded.columns["input_ids"] if asked else None
    counts = count_tokens(ids, len(tokens)) if ids is not None else None
    model = TableModel(TableConfig(vocab_size=len(tokens), hidden_size=options.dimensions))
    model.embedding.weight.data = table_rows(tokens, onto, counts)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save_model(model, taught.tokenizer, folder)
        write_sentence_folder(folder, _EMBEDDER, model, taught.tokenizer)
        student = open_embedder(open_checkpoint(folder))
    student.tokenizer.model_max_length = checkpoint.max_length  # as the teacher reads the texts
    return onto, student


def _exam(student: Task, taught: Task, onto: Tensor, dev: Examples) -> Exam:
    """What chooses the best weights: scores, or without them the teacher's embeddings."""
    if dev.scores is not None:
        return student.encode(dev)
    said = told(taught, taught.ask(dev.texts), FP32)
    return Agreement(student.answer(dev.texts, list(unit(said @ onto))))
