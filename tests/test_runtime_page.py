"""runtimes/README.md: what it says to type is accepted, and runs.

Its lines for the frameworks are run by `python -m benchmarks.ecosystem`.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import torch
from page_code import RUNTIME_PAGE, python_blocks, typed_now

from edgebert.cli import main

PAGE = RUNTIME_PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def names(
    tiny_bundle: Path,
    tiny_classifier_bundle: Path,
    tiny_tagger_bundle: Path,
    tiny_reranker_bundle: Path,
    tiny_reader_bundle: Path,
    tiny_filler_bundle: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with a bundle under each name that the page loads."""
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
    return folder


@pytest.fixture(scope="module")
def namespace(names: Path) -> dict[str, Any]:
    """What the page's first lines make, and the names that its tables take for granted."""
    from edgebert.adapters import RetrievalEmbedder

    known: dict[str, Any] = {"torch": torch, "RetrievalEmbedder": RetrievalEmbedder}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(names)
        for block in python_blocks(PAGE, of_frameworks=False):
            exec(block, known)  # noqa: S102 - lines of our own page
    return known


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
    assert len(python_blocks(PAGE, of_frameworks=True)) == 4


def test_every_command_of_the_page_is_accepted() -> None:
    lines = re.findall(r"^    edgebert (.*)$", PAGE, re.MULTILINE)
    assert len(lines) == 6
    for line in lines:
        name, *arguments = shlex.split(line)
        command = main.commands[name]
        command.make_parser(click.Context(command)).parse_args(arguments)
