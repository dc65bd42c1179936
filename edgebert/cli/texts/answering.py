"""One run of embed, classify or tag: texts in, answers to stdout or to a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli.options import TRUNCATE
from edgebert.cli.texts.failures import Failures, refuse_unreadable
from edgebert.cli.texts.given import STDIN, GivenTexts, given_texts
from edgebert.cli.texts.verb import Runner, Verb
from edgebert.errors import InputError

if TYPE_CHECKING:
    from edgebert.answer_files import Columns
    from edgebert.answer_files.rows import Row
    from edgebert.data import Text
    from edgebert.runtimes.model import Model

_COUNTED_TOGETHER = 256
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
    write_answers(target, rows, open_layout(target, _columns(verb, model, given)), force=force)
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
        file.write(rows, open_layout(target, _columns(verb, model, given)))
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
    from edgebert import __version__
    from edgebert.bundle import MANIFEST, file_sha256, open_bundle
    from edgebert.machine import installed_versions, this_machine
    from edgebert.runtimes.kernels.choosing import engine_of

    if given.sha256 is None:
        raise InputError(
            "--input is a pipe, which cannot be read a second time: --resume needs a file"
        )
    opened = open_bundle(runner.bundle)
    engine = engine_of(opened, provider=runner.provider, kernels=runner.kernels)
    quantization = opened.manifest.quantization
    if quantization is not None and not quantization.batch_invariant:
        raise InputError(
            f"{runner.bundle} is int8 by scheme {quantization.scheme}: its answers depend on which texts "
            "run together, so --resume could not end with the same file. Leave --resume out, or "
            "quantize by another scheme"
        )
    machine, versions = this_machine(), installed_versions()
    packages = [name for name in versions if name.startswith("onnxruntime")] + ["tokenizers"]
    return {
        "command": verb.name,
        "bundle": f"sha256 {file_sha256(runner.bundle / MANIFEST)[:16]}",
        "fingerprint": str(opened.fingerprint(engine)),
        "input": f"{given.count:,} texts, sha256 {given.sha256[:16]}",
        **_named_columns(given),
        **{
            name: "not given" if value is None else repr(value)
            for name, value in {**verb.chosen, **verb.kept}.items()
        },
        "--provider": runner.provider,
        "CPU": machine.cpu_and_class,
        "edgebert": __version__,
        **{name: versions[name] for name in packages if name in versions},
    }


def _named_columns(given: GivenTexts) -> dict[str, str]:
    """The columns that were named; of the texts' it is said too that it was not."""
    return {"--text-column": "not given", **(given.columns.named if given.columns else {})}


def _columns(verb: Verb, model: Model, given: GivenTexts) -> Columns:
    from edgebert.answer_files import Columns

    return Columns(
        verb.task,
        pairs=given.pairs,
        labels=model.labels,
        multi_label=model.multi_label,
        width=model.width if model.spec.task.vectors else 0,
        made_by=str(model.made_by(**verb.named)),
    )


def _failures(verb: Verb, model: Model, given: GivenTexts, target: Path) -> Failures | None:
    """What keeps the texts that have no answer; None where the file has no place for them."""
    from edgebert.answer_files import holds_failures

    if holds_failures(target) or _reads_all(verb, model, given):
        return Failures(given)
    refuse_unreadable(given, _refusal(verb, model), str(target))
    return None


def _reads_all(verb: Verb, model: Model, given: GivenTexts) -> bool:
    """Whether no text can be refused: in parts a pair may be, whose sides are both long."""
    return (
        verb.why_not is None
        and model.reads_all
        and not (given.pairs and (verb.named.get("long_text") or TRUNCATE) != TRUNCATE)
    )


def _refusal(verb: Verb, model: Model) -> Callable[[Text], str | None]:
    """Why a text cannot be read as the command reads it; gives None where it can."""
    prompt = verb.named.get("prompt")
    long_text = verb.named.get("long_text") or TRUNCATE
    unread = partial(model.refusal, prompt=prompt, long_text=long_text)
    why_not = verb.why_not
    if why_not is None:
        return unread
    return lambda text: unread(text) or why_not(model, text)


def _rows(
    verb: Verb, model: Model, given: GivenTexts, failures: Failures | None, done: int = 0
) -> Iterator[Row]:
    """The rows of all texts but the first `done`."""
    from edgebert.answer_files.rows import answer_row

    if failures is None or _reads_all(verb, model, given):
        for texts in given.chunks():
            shown, asked = tee(islice(texts, done, None))
            for text, answer in zip(shown, verb.answer(model, asked), strict=True):
                yield answer_row(verb.task, text, answer)
    else:
        yield from islice(_rows_or_failures(verb, model, given, failures, done), done, None)


def _rows_or_failures(
    verb: Verb, model: Model, given: GivenTexts, failures: Failures, done: int
) -> Iterator[Row]:
    """The rows of all texts; of those that cannot be read why, of the first `done` nothing more."""
    from edgebert.answer_files.rows import answer_row, failed_row

    number, why_not = 0, _refusal(verb, model)
    for texts in given.chunks():
        shown, asked = tee((text, why_not(text)) for text in texts)
        first = number
        readable = (
            text for place, (text, why) in enumerate(asked, first) if why is None and place >= done
        )
        answers = iter(verb.answer(model, readable))
        for text, why in shown:
            if why is not None:
                failures.note(number, why)
                yield failed_row(text, why)
            else:
                yield answer_row(verb.task, text, next(answers)) if number >= done else {}
            number += 1


def _telling(rows: Iterable[Row], verb: Verb, model: Model) -> Iterator[Row]:
    """The same rows; at their end, how many texts the model read the beginning of."""
    if verb.is_cut is None:
        yield from rows
        return
    seen = cut = 0
    answered: list[Text] = []
    for row in rows:
        yield row
        answered.append(row["text"])
        if len(answered) == _COUNTED_TOGETHER:
            seen, cut = seen + len(answered), cut + sum(verb.is_cut(model, answered))
            answered.clear()
    seen, cut = seen + len(answered), cut + sum(verb.is_cut(model, answered))
    if cut:
        way_out = "; --long-text mean reads all of them" if "--long-text" in verb.chosen else ""
        click.echo(
            f"{cut:,} of {seen:,} texts {'is' if cut == 1 else 'are'} longer than the "
            f"{model.max_length} tokens the model reads{way_out}",
            err=True,
        )


def _tracked(rows: Iterable[Row], verb: Verb, count: int | None) -> Iterator[Row]:
    from edgebert.progress import track

    return track(rows, verb.name, count)
