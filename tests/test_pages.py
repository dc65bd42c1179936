"""The pages: their links lead somewhere, and their command lines are ones that edgebert takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from page_code import COMMANDS_PAGE, README, ROOT, anchors, command_lines, pages, prose

from edgebert.cli import main

PAGES = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in pages()]


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The file and the anchor that each relative link of a page names."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:", target):
            name, _, anchor = target.partition("#")
            yield (page.parent / name).resolve() if name else page, anchor


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    for file, anchor in links(page):
        assert file.is_relative_to(ROOT.resolve()), file
        assert file.exists(), file
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), (file, anchor)


def test_the_readme_leads_to_every_page() -> None:
    seen: set[Path] = set()
    waiting = [README.resolve()]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        waiting += [file for file, _ in links(page) if file.suffix == ".md" and file not in seen]
    assert {page.resolve() for page in pages()} <= seen


def test_the_files_that_are_to_be_changed_are_there() -> None:
    how = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## How to add")[2]
    named = re.findall(r"`([\w.]+/[\w./]*)`", how.partition("## Manners")[0])
    assert len(named) > 40
    for path in {re.sub(r"NAME.*", "", name) for name in named}:
        assert (ROOT / path).exists(), path


def test_the_readme_is_one_page() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 160


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_is_named_on_the_page_of_the_commands(name: str) -> None:
    assert f"`edgebert {name}`" in COMMANDS_PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_the_command_lines_of_a_page_are_accepted(page: Path) -> None:
    for _, name, *arguments in command_lines(page.read_text(encoding="utf-8")):
        command = main.commands[name]
        command.make_parser(click.Context(command)).parse_args(arguments)


def test_command_lines_are_found_on_the_pages() -> None:
    found = [line[1] for page in pages() for line in command_lines(page.read_text("utf-8"))]
    assert len(found) >= 30
    assert {"export", "quantize", "check", "finetune", "report", "search"} <= set(found)
