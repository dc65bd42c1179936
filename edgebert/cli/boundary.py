"""Where errors become one line and an exit code, and what every command has in common."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgebert.errors import EdgebertError, GateError, MissingExtra, OutputError

R = TypeVar("R")

INTERRUPTED = 130


class Failure(click.ClickException):
    """One of our errors with its exit code: a single line, or one for each gate that said no."""

    def __init__(self, error: EdgebertError) -> None:
        lines = str(error).splitlines() if isinstance(error, GateError) else [str(error)]
        super().__init__("\nError: ".join(" ".join(line.split()) for line in lines))
        self.code = error.exit_code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it from the instance
        return self.code


class Commands(click.Group):
    """Shows our own errors as one line; lets real bugs keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        _write_utf8()
        try:
            return super().invoke(ctx)
        except EdgebertError as error:
            raise _failure(error) from error
        except KeyboardInterrupt as error:
            click.echo(str(error) or "Interrupted; nothing half-written was left behind.", err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            _drop_output()
            ctx.exit(0)
        except OSError as error:
            if error.errno is None:  # a library's own error, not the file system's word
                raise
            if error.filename is None:  # it was a write to stdout
                _drop_output()
            where = f"{error.filename}: " if error.filename else ""
            raise _failure(OutputError(f"{where}{error.strerror}")) from error

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *_common_options()]


class Command(click.Command):
    """A command that also takes `--debug` and `--offline`."""

    def invoke(self, ctx: click.Context) -> Any:
        if self.name != "bench":  # which times PyTorch as it comes
            _let_waiting_threads_sleep()
        return super().invoke(ctx)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *_common_options()]


def is_offline() -> bool:
    """Whether `--offline` was given, before the command or after it."""
    return _setting("offline")


def record_to(
    json: Path | None,
    run: Callable[[], R],
    show: Callable[[R], str],
    also: Callable[[R], None] = lambda record: None,
) -> R:
    """Run a step, write its record to `json` (`-` for stdout) or show it for people to read.

    A gate that says no has a record too: it is written and shown before the error.

    Args:
        json: where the record goes.
        run: the step.
        show: turns its record into text.
        also: whatever else is to be done with the record.
    """
    try:
        record = run()
    except GateError as error:
        if error.record is not None:
            _write_or_show(json, error.record, show)
            also(error.record)
        raise
    _write_or_show(json, record, show)
    also(record)
    return record


def require(step: str, extra: str, *packages: str) -> None:
    """Look for what a step will import, sooner or later, before it starts.

    Raises:
        MissingExtra: one of `packages` is not installed; the message names the extra.
    """
    if any(importlib.util.find_spec(package) is None for package in packages):
        raise MissingExtra(step, extra)


def _write_or_show(json: Path | None, record: Any, show: Callable[[Any], str]) -> None:
    from edgebert.records.codec import to_json, write_json

    if json == Path("-"):
        click.echo(to_json(record))
        return
    if json is not None:
        write_json(record, json)
    click.echo(show(record))


def _common_options() -> list[click.Option]:
    return [
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Show tracebacks.",
        ),
        click.Option(
            ["--offline"],
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Never touch the network.",
        ),
    ]


def _remember(ctx: click.Context, option: click.Parameter, given: bool) -> None:
    if not given:
        return
    ctx.find_root().meta[f"edgebert.{option.name}"] = True
    if option.name == "offline":
        os.environ["HF_HUB_OFFLINE"] = "1"  # read by huggingface_hub when it is imported


def _setting(name: str) -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get(f"edgebert.{name}"))


def _failure(error: EdgebertError) -> Failure:
    if _setting("debug"):
        traceback.print_exc()
    return Failure(error)


def _let_waiting_threads_sleep() -> None:
    """Bound the spinning of OpenMP threads, which is read when PyTorch is imported.

    Threads that spin while they wait for each other hold cores that another process may need for
    the very work they wait for: training took up to seventeen times as long beside a second one.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _write_utf8() -> None:
    """JSON is UTF-8 whatever the locale; elsewhere half of all texts could not be printed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _drop_output() -> None:
    """Nobody takes our output any more; keep Python from complaining when it flushes stdout."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
