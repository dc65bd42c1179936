"""Runs over the texts of many files, and the options that only they take."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli.texts.answering import run, tell_cut
from edgebert.cli.texts.given import STDIN, texts_or_pairs
from edgebert.cli.texts.verb import Verb
from edgebert.errors import MissingExtra

if TYPE_CHECKING:
    from edgebert.bulk import Asking, Outcome
    from edgebert.bulk.running import Workers

_FORMATS = ("jsonl", "csv", "npy", "parquet")
_HERE = ""
_FROM_FOLDER = "go from --input, a folder, pattern or file, to a folder: --output DIR"


def _share(ctx: click.Context, option: click.Parameter, value: str | None) -> Any:
    """Parse `3/8`: the third of eight."""
    if value is None:
        return None
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", value)
    if match is None or int(match[1]) > int(match[2]):
        raise click.BadParameter("expected k/n, like 3/8")
    return int(match[1]), int(match[2])


def bulk_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that only a run over many files takes."""
    for option in reversed(
        (
            click.option(
                "--format",
                type=click.Choice(_FORMATS),
                help="Of the outputs, where --input is a folder or a pattern.  [default: jsonl]",
            ),
            click.option(
                "--shards",
                callback=_share,
                metavar="K/N",
                help="Do the K-th of N shares of such a run; whichever ends last joins them.",
            ),
            click.option(
                "--ray",
                is_flag=False,
                flag_value=_HERE,
                metavar="[ADDRESS]",
                help="Spread such a run over the cores of a Ray cluster, or of this machine.",
            ),
        )
    ):
        function = option(function)
    return function


def run_or_bulk(
    verb: Verb,
    *,
    format: str | None,
    shards: tuple[int, int] | None,
    ray: str | None,
    **given: Any,
) -> None:
    """Answer texts, or those of all files of a folder or pattern."""
    named = {"--format": format, "--shards": shards, "--ray": ray}
    asked = " and ".join(name for name, value in named.items() if value is not None)
    if not _is_bulk(given["source"], given["target"], asked):
        run(verb, **given)
        return
    if given["texts"]:
        raise click.UsageError("give texts as arguments, or files with --input")
    if shards and given["force"]:
        raise click.UsageError(
            "--force would take away what the other shares have done: remove the folder first"
        )
    _run_bulk(verb, format or _FORMATS[0], shards or (1, 1), ray, given)


def _is_bulk(source: Path | None, target: Path | None, asked: str) -> bool:
    """Whether outputs go to a folder.

    Args:
        source, target: `--input` and `--output`.
        asked: options that only such a run has.
    """
    from edgebert.bulk import is_several

    several = source is not None and source != STDIN and is_several(source)
    to_folder = target is not None and (
        target.is_dir() or target.suffix.lower().removeprefix(".") not in _FORMATS
    )
    if several and to_folder:
        return True
    if asked and (source in (None, STDIN) or not to_folder):
        raise click.UsageError(f"runs with {asked} {_FROM_FOLDER}")
    if several and source is not None and not source.is_dir():
        raise click.UsageError(f"runs over several files {_FROM_FOLDER}")
    return bool(asked)


def _run_bulk(
    verb: Verb, format: str, shards: tuple[int, int], ray: str | None, given: dict[str, Any]
) -> None:
    from edgebert.answer_files import check_output
    from edgebert.bulk import Share, run_bulk

    target = given["target"]
    check_output(target / f"answers.{format}", verb.task)
    asking = _asking(verb, format, given)
    outcome = run_bulk(
        asking,
        given["source"],
        target,
        _workers(asking, ray),
        share=Share(*shards),
        force=given["force"],
        tell=_tell,
    )
    _tell_outcome(outcome, verb)


def _asking(verb: Verb, format: str, given: dict[str, Any]) -> Asking:
    from edgebert.bulk import Asking
    from edgebert.data import Columns

    return Asking(
        bundle=given["bundle"],
        provider=given["provider"],
        kernels=given["kernels"],
        command=verb.name,
        task=verb.task.name,
        options=verb.named,
        told=verb.told,
        pairs=verb.takes is texts_or_pairs,
        named=Columns(given["text_column"], given.get("pair_column")),
        format=format,
    )


def _workers(asking: Asking, ray: str | None) -> AbstractContextManager[Workers]:
    if ray is None:
        from edgebert.bulk.local import LocalWorkers

        return LocalWorkers(asking)
    try:
        from edgebert.bulk.ray_workers import RayWorkers
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise MissingExtra("--ray", "ray") from error
    return RayWorkers(asking, None if ray == _HERE else ray, _tell)


def _tell(said: str) -> None:
    click.echo(said, err=True)


def _tell_outcome(outcome: Outcome, verb: Verb) -> None:
    """Say what waits for other runs, and which texts were cut or not answered at all."""
    if outcome.waiting:
        first = next(iter(outcome.waiting))
        more = len(outcome.waiting) - 1
        _tell(
            f"{outcome.outputs - len(outcome.waiting):,} of {outcome.outputs:,} outputs are whole; "
            f"{first}{f' and {more:,} more' if more else ''} "
            f"{'wait' if more else 'waits'} for {sum(outcome.waiting.values()):,} shards of other runs"
        )
    tell_cut(verb, outcome.look.max_length, cut=outcome.cut, seen=outcome.texts)
    outcome.tell_failures()
