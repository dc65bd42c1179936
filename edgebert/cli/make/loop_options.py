"""The options of a training loop, with what their records say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from functools import partial
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.make import recipe
from edgebert.training.options import PRECISIONS

AT_LEAST_1 = click.IntRange(min=1)

resume = click.option(
    "--resume",
    is_flag=True,
    help="Go on with a run of the same options that was stopped; PATH.unfinished holds it.",
)

tensorboard = click.option(
    "--tensorboard",
    type=options.FOLDER,
    metavar="DIR",
    help="Write the curves as they grow into a folder of DIR that is named as the output.",
)


def option_of(record: type, name: str, **settings: Any) -> options.Decorator:
    """The option of a field of an options record, which says its default too."""
    default = next(field.default for field in fields(record) if field.name == name)
    if default is MISSING:
        settings["required"] = True
    elif default is not None:
        settings |= {"default": default, "show_default": default is not False}
    return click.option(f"--{name.replace('_', '-')}", **settings)


def loop_options(record: type) -> options.Decorator:
    """The options of every training loop, with the defaults of one command."""
    of = partial(option_of, record)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        every: list[options.Decorator] = [*_steps(of), *_looks_at_dev(of), recipe.config]
        for option in reversed(every):
            function = option(function)
        return function

    return decorate


def _steps(of: Callable[..., options.Decorator]) -> Iterator[options.Decorator]:
    yield of("epochs", type=AT_LEAST_1, help="Passes over the training data.")
    yield of("batch_size", type=AT_LEAST_1, help="Examples in each step.")
    yield of(
        "micro_batch_size",
        type=AT_LEAST_1,
        metavar="N",
        help="How many of them go through the model at once: less memory, the same result. "
        "Default: all.",
    )
    yield of("learning_rate", type=options.POSITIVE, help="Highest learning rate, after warm-up.")
    yield of(
        "precision",
        type=click.Choice(PRECISIONS),
        help="Numbers of the products. auto: bf16 where the hardware multiplies it.",
    )
    yield of(
        "gradient_checkpointing",
        is_flag=True,
        help="Compute activations twice instead of keeping them: less memory.",
    )


def _looks_at_dev(of: Callable[..., options.Decorator]) -> Iterator[options.Decorator]:
    """What is kept of the run, and when it ends; and the seed."""
    yield of(
        "evaluate_every",
        type=AT_LEAST_1,
        metavar="STEPS",
        help="Look at dev so often. Default: at the end of each epoch.",
    )
    yield of(
        "patience",
        type=AT_LEAST_1,
        metavar="N",
        help="Stop after N looks at dev without a better score.",
    )
    yield of(
        "metric",
        metavar="NAME",
        help="Dev metric by which the best weights are kept; loss: the smallest. Default: the "
        "task's first.",
    )
    yield of(
        "average",
        type=options.FiniteRange(min=0, max=1, min_open=True, max_open=True),
        metavar="DECAY",
        help="Keep the moving average of the weights, like 0.999.",
    )
    yield of("seed", type=int, help="Seed of all randomness.")
