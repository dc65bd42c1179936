"""One run of embed, classify or tag: texts in, answers to stdout or to a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli.texts.failures import Failures, refuse_unreadable
from edgebert.cli.texts.given import STDIN, GivenTexts, given_texts
from edgebert.cli.texts.verb import Runner, Verb
from edgebert.errors import InputError

if TYPE_CHECKING:
    from edgebert.answer_files import Columns
    from edgebert.answer_files.rows import Row
    from edgebert.data import Text
    from edgebert.runtimes.model import Model

_OTHERS = "All others were answered"


def run(
    verb: Verb,
    *,
    bundle: Path,
    texts: tuple[str, ...],
    source: Path | None,
    target: Path | None,
    text_column: str | None,
    provider: str,
    kernels: str,
    force: bool,
    resume: bool,
    pair_column: str | None = None,
) -> None:
    """Answer the texts in order, and write each answer as soon as it is there."""
    from edgebert.data.columns import Columns as NamedColumns

    if resume:
        _check_resume(source, target)
    if target is not None:
        from edgebert.answer_files import check_output
        from edgebert.output import refuse_existing

        check_output(target, verb.task)
        # A run that goes on may find that the file is whole already: that is looked at later.
        refuse_existing(target, force=force or resume, source=source)
    columns = NamedColumns(text_column, pair_column)
    given = verb.takes(given_texts(texts, source, columns))
    runner = Runner(bundle, provider, kernels)
    if target is None:
        _print(verb, runner, given)
    elif resume:
        _write_resumably(verb, runner, given, target, force=force)
    else:
        _write(verb, runner, given, target, force=force)


def _check_resume(source: Path | None, target: Path | None) -> None:
    if source is None or target is None:
        raise click.UsageError("--resume goes from a file to a file: give --input and --output")
    if source == STDIN:
        raise click.UsageError("stdin cannot be read a second time: --resume needs a file")


def _print(verb: Verb, runner: Runner, given: GivenTexts) -> None:
    from edgebert.answer_files.rows import to_json

    model, failures = _load(verb, runner), Failures(given)
    rows = _rows(verb, model, given, failures)
    tracked = rows if sys.stdout.isatty() else _tracked(rows, verb, given.count)
    for row in _telling(tracked, verb, model):
        click.echo(to_json(row))
    failures.tell(_OTHERS)


def _write(verb: Verb, runner: Runner, given: GivenTexts, target: Path, *, force: bool) -> None:
    from edgebert.answer_files import open_layout, write_answers

    model = _load(verb, runner)
    failures = _failures(verb, model, given, target)
    tracked = _tracked(_rows(verb, model, given, failures), verb, given.count)
    rows = _telling(tracked, verb, model)
    write_answers(target, rows, open_layout(target, _columns_of(verb, model, given)), force=force)
    if failures is not None:
        failures.tell(_OTHERS)


def _write_resumably(
    verb: Verb, runner: Runner, given: GivenTexts, target: Path, *, force: bool
) -> None:
    from edgebert.answer_files import open_layout, resumed_file

    with resumed_file(target, _what_decides(verb, runner, given), force=force) as file:
        if file.whole:
            return
        if file.texts:
            click.echo(f"Going on after {file.texts:,} of {given.count:,} texts.", err=True)
        model = _load(verb, runner)
        failures = _failures(verb, model, given, target)
        left = None if given.count is None else given.count - file.texts
        tracked = _tracked(_rows(verb, model, given, failures, file.texts), verb, left)
        rows = _telling(tracked, verb, model)
        file.write(rows, open_layout(target, _columns_of(verb, model, given)))
    if failures is not None:
        failures.tell(_OTHERS)


def _load(verb: Verb, runner: Runner) -> Model:
    """The model; one of another task is refused here already, before any text is looked at."""
    model = runner.load()
    verb.answer(model, iter(()))
    return model


def _what_decides(verb: Verb, runner: Runner, given: GivenTexts) -> dict[str, str]:
    """All that decides what a file will hold, each by its name, in words.

    Raises:
        InputError: a run could not promise to end with the same file.
    """
    from edgebert.answer_files.deciding import bundle_facts, machine_facts

    if given.sha256 is None:
        raise InputError(
            "--input is a pipe, which cannot be read a second time: --resume needs a file"
        )
    return {
        "command": verb.name,
        **bundle_facts(
            runner.bundle,
            provider=runner.provider,
            kernels=runner.kernels,
            repeated="--resume could not end with the same file. Leave --resume out",
        ),
        "input": f"{given.count:,} texts, sha256 {given.sha256[:16]}",
        **_named_columns(given),
        **verb.told,
        "--provider": runner.provider,
        **machine_facts(),
    }


def _named_columns(given: GivenTexts) -> dict[str, str]:
    """The columns that were named; of the texts' it is said too that it was not."""
    return {"--text-column": "not given", **(given.columns.named if given.columns else {})}


def _columns_of(verb: Verb, model: Model, given: GivenTexts) -> Columns:
    from edgebert.answer_files import Columns

    return Columns.of(model, verb.task, verb.named, pairs=given.pairs)


def _failures(verb: Verb, model: Model, given: GivenTexts, target: Path) -> Failures | None:
    """What keeps the texts that have no answer; None where the file has no place for them."""
    from edgebert.answer_files import holds_failures

    why_not = _refusal(verb, model, given)
    if holds_failures(target) or why_not is None:
        return Failures(given)
    refuse_unreadable(given, why_not, str(target))
    return None


def _refusal(verb: Verb, model: Model, given: GivenTexts) -> Callable[[Text], str | None] | None:
    """Why a text cannot be read as the command reads it; None where all can."""
    from edgebert.answer_files.answered import refusal

    why_not = verb.why_not and partial(verb.why_not, model)
    return refusal(model, verb.named, pairs=given.pairs, why_not=why_not)


def _rows(
    verb: Verb, model: Model, given: GivenTexts, failures: Failures | None, done: int = 0
) -> Iterator[Row]:
    """The rows of all texts but the first `done`; of these it is noted which cannot be read."""
    from edgebert.answer_files.answered import answered_rows

    why_not = None if failures is None else _refusal(verb, model, given)
    noted = failures or Failures(given)
    numbers = count()
    for texts in given.chunks():
        numbered = ((next(numbers), text) for text in texts)
        for number, text in islice(numbered, done):
            if why_not is not None and (why := why_not(text)) is not None:
                noted.note(number, why)
        answer = partial(verb.answer, model)
        yield from answered_rows(verb.task, numbered, answer, why_not, noted.note)
        done = 0  # what is gone on with comes in one chunk


def _telling(rows: Iterable[Row], verb: Verb, model: Model) -> Iterator[Row]:
    """The same rows; at their end, how many texts the model read the beginning of."""
    from edgebert.answer_files.answered import CutTexts

    if verb.is_cut is None:
        yield from rows
        return
    texts = CutTexts(partial(verb.is_cut, model))
    yield from texts.counted(rows)
    tell_cut(verb, model.max_length, cut=texts.cut, seen=texts.seen)


def tell_cut(verb: Verb, max_length: int, *, cut: int, seen: int) -> None:
    """Say on stderr how many texts the model read the beginning of, if any."""
    if cut:
        way_out = "; --long-text mean reads all of them" if "--long-text" in verb.chosen else ""
        click.echo(
            f"{cut:,} of {seen:,} texts {'is' if cut == 1 else 'are'} longer than the "
            f"{max_length} tokens the model reads{way_out}",
            err=True,
        )


def _tracked(rows: Iterable[Row], verb: Verb, count: int | None) -> Iterator[Row]:
    from edgebert.progress import track

    return track(rows, verb.name, count)
