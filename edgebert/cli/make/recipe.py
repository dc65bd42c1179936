"""`--config recipe.toml`: what the options of a command hold, from a file."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.errors import InputError
from edgebert.toml_files import read_toml


def _read(ctx: click.Context, option: click.Parameter, path: Path | None) -> None:
    """Let the recipe's values stand where the command line says nothing.

    Raises:
        InputError: the file is not TOML, or has a name that the command does not know.
    """
    if path is None or ctx.resilient_parsing:
        return
    own = [param for param in ctx.command.params if param.expose_value]
    known = {_written(param): param for param in own}
    told = {}
    for name, value in read_toml(path).items():
        if name not in known:
            raise InputError(f"{path}: the command has no option {name!r}{_nearest(name, known)}")
        param = known[name]
        told[param.name] = partial(_value, ctx, param, value, f"{path}: {name}", path.parent)
    ctx.default_map = told


config = click.option(
    "--config",
    type=options.DATA_FILE,
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_read,
    help="A recipe: TOML of options by name, like batch_size = 64, and of the arguments. What the "
    "command line says wins; the recipe.toml of an output makes the same run again.",
)


def _written(param: click.Parameter) -> str:
    """What a parameter is called in a recipe: as on the command line, with underscores."""
    if isinstance(param, click.Argument):
        return str(param.name)
    return max(param.opts, key=len).lstrip("-").replace("-", "_")


def _nearest(name: str, known: dict[str, click.Parameter]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"


def _value(ctx: click.Context, param: click.Parameter, value: Any, where: str, folder: Path) -> Any:
    """What the command line would have given, held to what it would be held to.

    Raises:
        InputError: the option takes no such value.
    """
    is_flag = isinstance(param, click.Option) and param.is_flag
    if is_flag != isinstance(value, bool) or not isinstance(value, str | int | float | list):
        raise InputError(f"{where} should be {'true or false' if is_flag else 'a value'}")
    if is_flag:
        return value
    items = [str(item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(param.type, click.Path):
        items = [str(folder / item) for item in items]
    if isinstance(param.type, options.ModelName):
        items = [str(folder / item) if (folder / item).exists() else item for item in items]
    given: Any = items if param.nargs != 1 else ",".join(items)
    try:
        param.type_cast_value(ctx, given)
    except click.BadParameter as error:
        raise InputError(f"{where}: {error.message}") from error
    return given
