"""Recipes: options from a file, kept beside what was made with them."""

from __future__ import annotations

import dataclasses
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgebert.cli import main
from edgebert.cli.options import columns_of
from edgebert.data import Columns
from edgebert.toml_files import toml_text
from edgebert.training.options import (
    DistillOptions,
    FinetuneOptions,
    LoopOptions,
    PretrainOptions,
    StaticOptions,
)
from edgebert.training.recipe import Given, recipe_text

TRAINING: dict[str, type[LoopOptions]] = {
    "finetune": FinetuneOptions,
    "distill": DistillOptions,
    "distill-static": StaticOptions,
    "pretrain": PretrainOptions,
}


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


def settings_of(command: str, *arguments: str | Path) -> dict[str, Any]:
    """What the command would be called with."""
    with main.commands[command].make_context(command, [str(a) for a in arguments]) as context:
        return dict(context.params)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a recipe and the file that it names."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/train.tsv").write_text("text\tlabel\na\tx\nb\ty\n")
    return tmp_path / "recipes"


def recipe(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", TRAINING)
def test_the_command_line_has_the_defaults_of_the_api(data: Path, command: str) -> None:
    train = data / "train.tsv"
    needed: dict[str, tuple[str | Path, ...]] = {
        "finetune": ("m", "--task", "text-classification", "--train", train),
        "distill": ("m", "--texts", train, "--layers", "3"),
        "distill-static": ("m",),
        "pretrain": (train,),
    }
    told = settings_of(command, *needed[command], "-o", "o")
    record = TRAINING[command]
    names = {field.name for field in dataclasses.fields(record)} - {"columns"}
    chosen = {name: told[name] for name in names}
    expected = DistillOptions(layers=3) if command == "distill" else record()
    assert record(**chosen) == expected


def test_a_recipe_holds_what_options_and_arguments_hold(data: Path) -> None:
    text = (
        'model = "some/model"\ntask = "text-classification"\ntrain = "train.tsv"\n'
        'output = "out"\nepochs = 7\nlearning_rate = 1e-4\nmulti_label = true\njson = "a.json"\n'
    )
    found = settings_of("finetune", "--config", recipe(data, text))
    expected = {
        "model": "some/model",
        "task": "text-classification",
        "train": data / "train.tsv",
        "output": data / "out",
        "epochs": 7,
        "learning_rate": 1e-4,
        "multi_label": True,
        "json_path": data / "a.json",
        "batch_size": 32,
    }
    assert {name: found[name] for name in expected} == expected


def test_what_the_command_line_says_wins(data: Path, tmp_path: Path) -> None:
    text = 'train = "lost.tsv"\ntask = "text-classification"\nepochs = 7\nseed = "none"\n'
    arguments = ("m", "-o", "o", "--train", data / "train.tsv", "--seed", "1")
    found = settings_of("finetune", *arguments, "--config", recipe(data, text))
    assert (found["train"], found["epochs"], found["seed"]) == (data / "train.tsv", 7, 1)


def test_a_model_beside_the_recipe_is_found_from_anywhere(data: Path) -> None:
    (data / "bert").mkdir()
    found = settings_of(
        "distill", "--config", recipe(data, 'teacher = "bert"\nlayers = 2\n'), "-o", "o"
    )
    assert found["teacher"] == str(data / "bert")


def test_several_corpora_come_from_a_recipe(data: Path) -> None:
    path = recipe(data, 'corpora = ["train.tsv", "train.tsv"]\n')
    assert settings_of("pretrain", "--config", path, "-o", "o")["corpora"] == (
        data / "train.tsv",
        data / "train.tsv",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("epoch = 3", "the command has no option 'epoch'; did you mean 'epochs'?"),
        ("batch-size = 3", "the command has no option 'batch-size'; did you mean 'batch_size'?"),
        ('teacher = "t"', "the command has no option 'teacher'; known are model, output, task,"),
        ("epochs = 3.5", "epochs: '3.5' is not a valid integer range."),
        ("epochs = 0", "epochs: 0 is not in the range x>=1."),
        ("epochs = true", "epochs should be a value"),
        ("multi_label = 1", "multi_label should be true or false"),
        ('train = "lost.tsv"', "lost.tsv' does not exist."),
        ('precision = "fp8"', "precision: 'fp8' is not one of 'auto', 'fp32', 'bf16', 'fp16'."),
        ("epochs: 3", "recipe.toml is not TOML: "),
    ],
)
def test_what_a_recipe_should_not_say_is_told_in_one_line(data: Path, text: str, told: str) -> None:
    path = recipe(data, text)
    arguments = ("m", "-o", "o", "--task", "text-classification")
    more = () if "train" in text else ("--train", data / "train.tsv")
    result = call("finetune", *arguments, *more, "--config", path)
    assert result.exit_code == 1
    assert str(path) in result.stderr and told in result.stderr
    assert result.stderr.count("\n") == 1


def test_text_that_is_written_as_toml_is_read_as_it_was() -> None:
    values = {
        "text": 'a "quoted" \\ tab\t\n\x7f猫😀',
        "number": 5e-05,
        "count": 3,
        "truth": False,
        "list": [1, "b"],
        "none": None,
    }
    read = tomllib.loads(toml_text(values))
    assert read == {name: value for name, value in values.items() if value is not None}
    assert json.dumps(read["truth"]) == "false"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_embedder: Path) -> Path:
    """A folder with a copy of a model, a file of examples, and a classifier made of both."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(tiny_embedder, folder / "bert")
    rows = [f"{word} the lamp\t{word}" for word in ("on", "off")] * 8
    (folder / "train.tsv").write_text("text\tlabel\n" + "\n".join(rows) + "\n")
    options = ("--epochs", "2", "--batch-size", "4", "--learning-rate", "2e-3", "--seed", "5")
    files = ("--train", folder / "train.tsv", "--dev", folder / "train.tsv")
    result = call(
        "finetune", folder / "bert", "-o", folder / "out/clf", "--task", "text-classification",
        *files, *options, "--precision", "fp32",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return folder


def test_the_recipe_of_an_output_is_complete(made: Path) -> None:
    path = made / "out/clf/recipe.toml"
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    names = {field.name for field in dataclasses.fields(FinetuneOptions)} - {"columns"}
    unset = [*(names - read.keys()), "text_column", "pair_column", "label_column"]
    assert all(f"# {name} is not set\n" in path.read_text(encoding="utf-8") for name in unset)
    assert (read["model"], read["train"]) == ("../../bert", "../../train.tsv")
    assert (read["task"], read["epochs"], read["seed"]) == ("text-classification", 2, 5)


def test_the_recipe_of_an_output_makes_the_same_weights_from_anywhere(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(made, moved)
    monkeypatch.chdir(tmp_path)
    result = call("finetune", "--config", "moved/out/clf/recipe.toml", "-o", "again")
    assert result.exit_code == 0, result.output
    for name in ("model.safetensors", "tokenizer.json"):
        assert (tmp_path / "again" / name).read_bytes() == (made / "out/clf" / name).read_bytes()
    again = tomllib.loads((tmp_path / "again/recipe.toml").read_text(encoding="utf-8"))
    once = tomllib.loads((moved / "out/clf/recipe.toml").read_text(encoding="utf-8"))
    assert again == once | {"model": "../moved/bert"} | dict.fromkeys(
        ("train", "dev"), "../moved/train.tsv"
    )


def test_columns_and_lists_come_back_from_a_recipe(data: Path) -> None:
    given: Given = {"model": "m", "task": "sentence-similarity", "train": data / "train.tsv"}
    options = FinetuneOptions(
        columns=Columns(text="title", label="topic"), matryoshka=(64, 32), hard_negatives=2
    )
    path = recipe(data, recipe_text("finetune", given, options, data))
    found = settings_of("finetune", "--config", path, "-o", "o")
    assert (found["text_column"], found["pair_column"]) == ("title", None)
    columns = columns_of(found)
    names = {field.name for field in dataclasses.fields(options)} - {"columns"}
    assert FinetuneOptions(columns=columns, **{name: found[name] for name in names}) == options


def test_students_and_pretrained_models_keep_their_recipes(made: Path, tmp_path: Path) -> None:
    texts = made / "train.tsv"
    few = ("--epochs", "1", "--batch-size", "8")
    student = ("distill", made / "out/clf", "--layers", "1", "--texts", texts, *few)
    assert call(*student, "-o", tmp_path / "student").exit_code == 0
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n\n".join(f"turn on lamp {i}\nit is on\nturn it off" for i in range(9)))
    size = ("--layers", "1", "--hidden", "32", "--vocab-size", "100", "--max-length", "16")
    assert call("pretrain", corpus, *size, *few, "-o", tmp_path / "bert").exit_code == 0
    for command, folder in (("distill", "student"), ("pretrain", "bert")):
        again = call(command, "--config", tmp_path / folder / "recipe.toml", "-o", tmp_path / "2")
        assert again.exit_code == 0, again.output
        weights = (tmp_path / folder / "model.safetensors").read_bytes()
        assert (tmp_path / "2/model.safetensors").read_bytes() == weights
        shutil.rmtree(tmp_path / "2")
