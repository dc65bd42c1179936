"""Trains a row's model by its recipe, builds its bundle, and reads off what came of it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from benchmarks.carved import path_of
from benchmarks.training.data import carve
from benchmarks.training.record import Trained
from benchmarks.training.rows import MINILM, ROWS, Row
from edgebert.bundle import read_bundle
from edgebert.data import Columns
from edgebert.errors import EdgebertError
from edgebert.machine import available_cores, this_machine
from edgebert.records.checked import CheckRecord
from edgebert.records.codec import read_json
from edgebert.records.header import now
from edgebert.records.timed import BenchRecord
from edgebert.records.trained import TrainingRecord
from edgebert.toml_files import read_toml
from edgebert.training import evaluate

_HERE = Path(__file__).parent
_LENGTH = 128

Command = list[str | Path]
"""The words behind `edgebert`."""


def train(row: Row, models: Mapping[str, Path], data: Path, folder: Path) -> Trained:
    """Run `edgebert finetune` or `distill`, where the recipe's model is not there yet, and `build`.

    Before that `edgebert pretrain`, where a row starts from a BERT of its own.

    Args:
        row: which model.
        models: where those lie that rows start from, by name.
        data: the data sets.
        folder: of all models and bundles.

    Raises:
        EdgebertError: a command failed; it has said why.
    """
    carve(row.files, data, folder)
    model, built = folder / row.name, folder / f"{row.name}-built"
    commands = {row.recipe: _command(row, models, data, folder)}
    if row.corpus:
        corpus = path_of(row.corpus, data, folder)
        commands = {row.pretraining: pretraining(row.pretraining, corpus, folder), **commands}
    for recipe, command in commands.items():
        if not is_made_by(recipe, folder / recipe.stem):
            run_edgebert(*command)
    test = path_of(row.test, data, folder)
    learned = path_of(row.train or row.texts or "", data, folder)
    texts = learned / "corpus.jsonl" if learned.is_dir() else learned
    run_edgebert(
        "build", model, "--data", test, "--calibration", texts, *_column_options(row.columns),
        "-o", built, "--force", "--offline",
    )  # fmt: skip
    made = [
        read_json(TrainingRecord, folder / recipe.stem / "training.json", "a record")
        for recipe in commands
    ]
    trained = made[-1]
    checked = read_json(CheckRecord, built / "check.json", "a record")
    figure = checked.metric
    if figure is None or (row.dev and trained.best_dev is None):
        raise EdgebertError(f"{row.name}: {test} gave no figure")
    return Trained(
        name=row.name,
        where=here(),
        command=" && ".join(shown(one, models, data, folder, _HERE) for one in commands.values()),
        metric=figure.name,
        goal=_goal(row, models, data, folder),
        allowed_drop=row.drop,
        anchor=row.anchor,
        dev=trained.best_dev,
        fp32=figure.reference,
        int8=figure.candidate,
        ci95=figure.ci95,
        also={name: _figure(model, path_of(name, data, folder), row) for name in row.also},
        before=_figure(models[row.start], test, row) if _is_embedder(row) else None,
        parts={one.name: one.reference for one in checked.metrics if one.name in row.parts},
        size_mb=_size(built / "int8") / 1e6,
        seconds=sum(one.seconds for one in made),
        steps=trained.steps,
        precision=trained.precision,
        seed=trained.seed,
    )


def _figure(model: Path, file: Path, row: Row) -> float:
    return evaluate(str(model), file, columns=row.columns, offline=True)


def _is_embedder(row: Row) -> bool:
    """Whether what a row is trained from can do its task already."""
    told = read_toml(row.recipe)
    return told.get("task") == "sentence-similarity" and row.corpus is None


def _column_options(columns: Columns) -> list[str]:
    return [word for named in columns.named.items() for word in named]


def pretraining(recipe: Path, corpus: Path, folder: Path) -> Command:
    """The command that makes a BERT, named as its recipe, below `folder`."""
    output = folder / recipe.stem
    return ["pretrain", corpus, "--config", recipe, "-o", output, "--force", "--offline"]


def _command(row: Row, models: Mapping[str, Path], data: Path, folder: Path) -> Command:
    """What trains a row's model."""
    start = folder / row.pretraining.stem if row.corpus else models[row.start]
    command: Command = ["finetune", start]
    if row.teacher:
        command = ["distill", _teacher(row, models, folder)]
        if row.teacher in ROWS and ROWS[row.teacher].start != row.start:
            command += ["--student", models[row.start]]
    command += ["--config", row.recipe]
    for option, told in (("--train", row.train), ("--texts", row.texts), ("--dev", row.dev)):
        if told:
            command += [option, path_of(told, data, folder)]
    if row.trims:
        command += ["--trim-vocabulary", path_of(row.trims, data, folder)]
    return [*command, "-o", folder / row.name, "--force", "--offline"]


def _teacher(row: Row, models: Mapping[str, Path], folder: Path) -> Path:
    return models.get(str(row.teacher), folder / str(row.teacher))


def _goal(row: Row, models: Mapping[str, Path], data: Path, folder: Path) -> float | None:
    """The least figure: as it stands, or as a share of the teacher's."""
    if row.share is None:
        return row.goal
    teacher = _teacher(row, models, folder)
    return row.share * evaluate(str(teacher), path_of(row.test, data, folder), offline=True)


def is_made_by(recipe: Path, model: Path) -> bool:
    """Whether a checkpoint is there, and has the options of the recipe."""
    record = model / "training.json"
    if not record.exists():
        return False
    trained = read_json(TrainingRecord, record, "a record")
    columns = trained.options.get("columns", {})
    told = {"task": trained.task, **trained.options}
    told |= {f"{role}_column": name for role, name in columns.items()}
    return all(told.get(name) == value for name, value in read_toml(recipe).items())


def run_edgebert(*arguments: str | Path) -> None:
    """Run a command, with its output on stderr.

    Raises:
        EdgebertError: it failed.
    """
    command = [sys.executable, "-m", "edgebert", *map(str, arguments)]
    print("$ edgebert", shlex.join(command[3:]), file=sys.stderr, flush=True)
    run = subprocess.run(command, stdout=sys.stderr.fileno(), check=False)
    if run.returncode:
        raise EdgebertError(f"edgebert {arguments[0]} ended with exit code {run.returncode}")


def timed(row: Trained, folder: Path) -> Trained:
    """The row with the times of its int8 bundle and of all-MiniLM-L6-v2's."""
    start, built = folder / MINILM, folder / f"{row.name}-built"
    record = built / "beside-start.json"
    length = min(_LENGTH, read_bundle(built / "int8").manifest.max_length)
    run_edgebert(
        "bench", start / "int8", built / "int8", "--lengths", str(length), "--threads", "1",
        "--json", record,
    )  # fmt: skip
    bench = read_json(BenchRecord, record, "a record")
    of_bundle = {result.bundle: result.p50_ms for result in bench.results if result.batch == 1}
    return replace(row, start_p50_ms=of_bundle[0], p50_ms=of_bundle[1])


def here() -> str:
    """The machine, the threads that training has on it, and the day."""
    threads = int(os.environ.get("OMP_NUM_THREADS", available_cores()))
    machine = this_machine().cpu_and_class
    return f"{machine}, {threads} thread{'s' if threads > 1 else ''}, {now()[:10]}"


def _size(bundle: Path) -> int:
    return sum(file.size_bytes for file in read_bundle(bundle).manifest.files.values())


def shown(
    command: Command, starts: Mapping[str, Path], data: Path, folder: Path, page: Path
) -> str:
    """A command without this machine's folders.

    Args:
        command: of `edgebert`.
        starts: the models that rows start from, by name.
        data: the data sets.
        folder: of all models.
        page: the folder of the page that shows it, from where recipes are named.
    """
    names = {str(start): name for name, start in starts.items()}
    words = ["edgebert"]
    for word in command:
        if isinstance(word, Path) and word.is_relative_to(_HERE.parent):
            words.append(os.path.relpath(word, page))
        else:
            told = names.get(str(word), str(word))
            words.append(told.replace(str(data), "$EDGEBERT_DATA").replace(f"{folder}/", ""))
    return " ".join(words)
