"""Options that several commands share, so that they are spelled and explained once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.runtimes.kernels import KERNELS
from edgebert.runtimes.sessions.providers import AUTO, PROVIDER_NAMES

if TYPE_CHECKING:
    from edgebert.data import Columns

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _TaskNames(click.Choice):  # type: ignore[type-arg]
    """Tasks that a checkpoint may be asked for, looked up when they are needed: they import numpy."""

    def __init__(self) -> None:
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        from edgebert.tasks import TASKS

        return tuple(task.name for task in TASKS if task.fits_encoders)


class ModelName(click.ParamType):  # type: ignore[type-arg]
    """A folder or a hub id."""

    name = "model"


TASK = _TaskNames()
MODEL = ModelName()
PROVIDER = click.Choice(PROVIDER_NAMES)
TRUNCATE = "truncate"
AGGREGATION = click.Choice(["words", "simple", "first", "average", "max"])
DATA_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DATA = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(path_type=Path)


class FiniteRange(click.FloatRange):
    """Numbers without nan and infinity, which no measured value would be held against."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


POSITIVE = FiniteRange(min=0, min_open=True)
NOT_NEGATIVE = FiniteRange(min=0)


def output(what: str) -> Decorator:
    return click.option(
        "-o", "--output", required=True, type=FOLDER, metavar="PATH", help=f"{what} to write."
    )


def number_list(ctx: click.Context, option: click.Parameter, value: str | None) -> Any:
    """Parse `16,32,128`; every number at least 1."""
    return None if value is None else numbers_of(value, least=1)


def numbers_of(value: str, *, least: int) -> tuple[int, ...]:
    """Whole numbers separated by commas, each at least so much.

    Raises:
        click.BadParameter: it is something else.
    """
    try:
        numbers = tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter("expected whole numbers separated by commas, like 16,32") from None
    if min(numbers) < least:
        raise click.BadParameter(f"expected numbers of at least {least}")
    return numbers


def shape(ctx: click.Context, option: click.Parameter, value: str | None) -> Any:
    """Parse `1x128`: batch and tokens, each at least 1."""
    if value is None:
        return None
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", value)
    if match is None:
        raise click.BadParameter("expected batch x tokens, like 1x128")
    return int(match[1]), int(match[2])


provider = click.option(
    "--provider",
    type=PROVIDER,
    default=AUTO,
    show_default=True,
    help="The execution provider that runs BUNDLE, all of it or not at all.",
)
kernels = click.option(
    "--kernels",
    type=click.Choice(KERNELS),
    default=KERNELS[0],
    show_default=True,
    help="auto: edgebert's kernels run a bundle that was measured with them, where they are "
    "installed. off: never. required: or it fails. bf16: as required, with attention in bfloat16.",
)
force = click.option("--force", is_flag=True, help="Replace the output if it exists.")
json_record = click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write the record as JSON ('-': to stdout, and print nothing else there).",
)
input_file = click.option(
    "--input",
    "source",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Texts from a .txt, .tsv, .csv, .jsonl or .parquet file ('-': lines of stdin).",
)
AT_LEAST_ONE = click.IntRange(min=1)
beam = click.option(
    "--beam",
    type=AT_LEAST_ONE,
    default=1,
    show_default=True,
    help="Translations that are followed side by side; 1 takes the likeliest word each time.",
)
text_column = click.option(
    "--text-column", metavar="NAME", help="Column of the texts, where it has no usual name."
)
pair_column = click.option(
    "--pair-column",
    metavar="NAME",
    help="Column of the second text of each pair, as of contexts beside questions.",
)
label_column = click.option(
    "--label-column",
    metavar="NAME",
    help="Column of what is said of the texts: labels, scores, tags or answers.",
)


def labelled_columns(function: Callable[..., Any]) -> Callable[..., Any]:
    """The three options that name the columns of a table with labels."""
    return text_column(pair_column(label_column(function)))


def columns_of(chosen: dict[str, Any]) -> Columns:
    """Take the names of columns from a command's options."""
    from edgebert.data import Columns

    return Columns(*(chosen.pop(f"{role}_column") for role in ("text", "pair", "label")))


long_text = click.option(
    "--long-text",
    type=click.Choice([TRUNCATE, "mean"]),
    default=TRUNCATE,
    show_default=True,
    help="Read the beginning of a text that is too long, or all of it in windows, for the mean.",
)
max_length = click.option(
    "--max-length",
    type=click.IntRange(min=3),
    metavar="TOKENS",
    help="Longest input. Default: what the checkpoint says.",
)
max_drift = click.option(
    "--max-drift",
    type=FiniteRange(min=0, max=2),
    metavar="X",
    help="Largest mean of 1 - cosine (heads: of the largest change of a probability).",
)
max_flips = click.option(
    "--max-flips",
    type=FiniteRange(min=0, max=1),
    metavar="R",
    help="Largest share of changed labels, or of a translator's next tokens.",
)
