"""The pages of the Python client and its adapters: what they say to type is accepted, and runs.

The lines for the frameworks are run by `python -m benchmarks.ecosystem`.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import torch
from click.testing import CliRunner
from page_code import ADAPTERS_PAGE, PYTHON_PAGE, README, python_blocks, typed_now

from edgebert.cli import main

PAGE = PYTHON_PAGE.read_text(encoding="utf-8")
ADAPTERS = ADAPTERS_PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def names(
    tiny_bundle: Path,
    tiny_classifier_bundle: Path,
    tiny_tagger_bundle: Path,
    tiny_reranker_bundle: Path,
    tiny_reader_bundle: Path,
    tiny_filler_bundle: Path,
    tiny_splade_bundle: Path,
    tiny_translator_bundle: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with a bundle under each name that the pages load, and the files that they read."""
    folder = tmp_path_factory.mktemp("page")
    embedder = Path(shutil.copytree(tiny_bundle, folder / "minilm-int8"))
    manifest = json.loads((embedder / "manifest.json").read_text())
    prompts = {"prompts": {"query": "please tell "}}
    (embedder / "manifest.json").write_text(json.dumps(manifest | prompts))
    for name, bundle in (
        ("intents-int8", tiny_classifier_bundle),
        ("names-int8", tiny_tagger_bundle),
        ("reranker-int8", tiny_reranker_bundle),
        ("answers-int8", tiny_reader_bundle),
        ("words-int8", tiny_filler_bundle),
    ):
        (folder / name).symlink_to(bundle)
    for name, bundle in (
        ("out", tiny_bundle),
        ("sentiment", tiny_classifier_bundle),
        ("names", tiny_tagger_bundle),
        ("reranker", tiny_reranker_bundle),
        ("squad", tiny_reader_bundle),
        ("bert", tiny_filler_bundle),
        ("splade", tiny_splade_bundle),
        ("en-de", tiny_translator_bundle),
    ):
        (folder / name).mkdir()
        (folder / name / "int8").symlink_to(bundle)
    (folder / "texts.txt").write_text("turn on the lamp\nthe lamp is off\n")
    source, output = str(folder / "texts.txt"), str(folder / "vectors.npy")
    options = ["--input", source, "--output", output]
    made = CliRunner().invoke(main, ["embed", str(folder / "out" / "int8"), *options])
    assert made.exit_code == 0, made.output
    return folder


def run_blocks(page: str, folder: Path, known: dict[str, Any]) -> None:
    """Run the Python blocks of a page, but those of frameworks, one after the other."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.chdir(folder)
        warnings.simplefilter("ignore", ResourceWarning)  # a page may leave a file open
        for block in python_blocks(page, of_frameworks=False):
            exec(block, known)  # noqa: S102 - lines of our own page


@pytest.fixture(scope="module")
def namespace(names: Path) -> dict[str, Any]:
    """What the page's blocks make, and the names that its tables take for granted."""
    from edgebert.adapters import RetrievalEmbedder

    known: dict[str, Any] = {"torch": torch, "RetrievalEmbedder": RetrievalEmbedder}
    run_blocks(PAGE, names, known)
    return known


@pytest.mark.parametrize("page", [README, ADAPTERS_PAGE], ids=["readme", "adapters"])
def test_the_python_of_a_page_runs(page: Path, names: Path) -> None:
    known: dict[str, Any] = {}
    run_blocks(page.read_text(encoding="utf-8"), names, known)
    assert known["model"].embed("a text").shape == (known["model"].width,)


@pytest.mark.parametrize("code", dict.fromkeys(typed_now(PAGE)))
def test_what_a_table_says_to_type_runs(
    code: str, names: Path, namespace: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(names)
    name, equals, expression = code.partition(" = ")
    if equals and name.isidentifier():
        namespace[name] = eval(expression, namespace)
        return
    answer = eval(code, namespace)
    assert answer is not None
    if isinstance(answer, Iterator):
        assert len(list(answer)) == len(namespace["texts"])


def test_every_table_is_read() -> None:
    assert PAGE.count(" you type now |") == 3
    assert len(list(typed_now(PAGE))) > 30
    assert len(python_blocks(PAGE, of_frameworks=False)) == 4
    assert len(python_blocks(ADAPTERS, of_frameworks=True)) == 4


def test_every_command_of_the_page_is_accepted() -> None:
    lines = re.findall(r"^    edgebert (.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 6
    for line in lines:
        name, *arguments = shlex.split(line)
        command = main.commands[name]
        command.make_parser(click.Context(command)).parse_args(arguments)
