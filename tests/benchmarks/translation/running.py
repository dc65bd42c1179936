"""Trains a row's model by its recipe, translates its tests, and makes and measures its bundles."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from benchmarks.carved import is_carved, path_of
from benchmarks.training.rows import RECIPES
from benchmarks.training.running import Command, here, is_made_by, pretraining, run_edgebert, shown
from benchmarks.translation.bundled import BEAMS, measure_bundles
from benchmarks.translation.bundles import make_bundles
from benchmarks.translation.data import carve_tatoeba
from benchmarks.translation.record import PYTORCH, Measured, Trained
from benchmarks.translation.rows import BILINGUAL, BILINGUAL_CORPUS, Row
from benchmarks.translation.scoring import scored
from edgebert.checkpoint import open_checkpoint
from edgebert.data import Columns, read_examples
from edgebert.records.codec import read_json
from edgebert.records.trained import TrainingRecord
from edgebert.toml_files import read_toml
from edgebert.training.tasks.trainable import load_task
from edgebert.training.tasks.translation.pairs import TranslatedPairs, translate

_HERE = Path(__file__).parent


def train(row: Row, starts: Mapping[str, Path], data: Path, folder: Path) -> Trained:
    """Run `edgebert finetune` or `distill`, where the model is not there yet; translate, and bundle.

    A run that was stopped is gone on with. Bundles are made anew.

    Raises:
        EdgebertError: a command failed; it has said why.
    """
    if is_carved(row.train):
        carve_tatoeba(data, folder)
    command = _command(row, starts, data, folder)
    commands = [*_pretrained(row, data, folder), command]
    model = folder / row.name
    if not (model / "training.json").exists():
        run_edgebert(*command, "--resume")
    trained = read_json(TrainingRecord, model / "training.json", "a record")
    columns = columns_of(row)
    train_file, dev_file = (path_of(told, data, folder) for told in (row.train, row.dev))
    bundles = make_bundles(model, train_file, dev_file, columns)
    return Trained(
        name=row.name,
        where=here(),
        command=" && ".join(shown(one, starts, data, folder, _HERE) for one in commands),
        metric=row.metric,
        goal=row.goal,
        anchor=row.anchor,
        parameters=trained.parameters,
        steps=trained.steps,
        seconds=trained.seconds,
        precision=trained.precision,
        dev=trained.best_dev,
        measured=tuple(_measured(row, model, columns, data, folder)),
        bundled=measure_bundles(row, bundles, columns, data, folder),
    )


def _pretrained(row: Row, data: Path, folder: Path) -> list[Command]:
    """Make the BERT that a row starts from, where it is not there yet; the command that does."""
    if row.start != BILINGUAL:
        return []
    recipe, corpus = RECIPES / f"{BILINGUAL}.toml", path_of(BILINGUAL_CORPUS, data, folder)
    command = pretraining(recipe, corpus, folder)
    if not is_made_by(recipe, folder / BILINGUAL):
        run_edgebert(*command)
    return [command]


def columns_of(row: Row) -> Columns:
    """The two languages in a row's files."""
    told = read_toml(row.recipe)
    return Columns(text=told["text_column"], pair=told["pair_column"])


def _command(row: Row, starts: Mapping[str, Path], data: Path, folder: Path) -> Command:
    command: Command = ["finetune", starts[row.start]]
    if row.teacher:
        command = ["distill", folder / row.teacher]
    command += ["--config", row.recipe]
    for option, told in (("--train", row.train), ("--dev", row.dev)):
        command += [option, path_of(told, data, folder)]
    return [*command, "-o", folder / row.name, "--offline"]


def _measured(
    row: Row, model: Path, columns: Columns, data: Path, folder: Path
) -> Iterator[Measured]:
    task = load_task(open_checkpoint(model, offline=True))
    task.model.eval()
    for test in row.tests:
        pairs = task.encode(read_examples(path_of(test, data, folder), columns=columns))
        assert isinstance(pairs, TranslatedPairs)
        for beams in BEAMS:
            began = time.perf_counter()
            with torch.inference_mode():
                written = translate(task.model, pairs.sources, pairs.tokenizer, beams=beams)
            seconds = time.perf_counter() - began
            yield scored(test, PYTORCH, beams, written, pairs.texts, seconds)
