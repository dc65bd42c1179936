"""The options of a training loop, with what their records say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from functools import partial
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.make import recipe
from edgebert.training.options import PRECISIONS, SCHEDULES

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


def given_to(record: type, chosen: dict[str, Any]) -> dict[str, Any]:
    """What of the options of a command that makes several records is said of this one.

    An option that nobody gave is left to the record, whose default may be another.

    Raises:
        UsageError: an option was given that the record does not have.
    """
    context = click.get_current_context()
    told = {
        name: value
        for name, value in chosen.items()
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    }
    known = {field.name for field in fields(record)}
    for name in told:
        if name not in known:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is not for --task {context.params['task']}"
            )
    return told


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
    yield of(
        "batch_tokens",
        type=AT_LEAST_1,
        metavar="N",
        help="Tokens in each step, padding among them, in the place of --batch-size examples.",
    )
    yield of("learning_rate", type=options.POSITIVE, help="Highest learning rate, after warm-up.")
    yield of(
        "schedule",
        type=click.Choice(SCHEDULES),
        help="How the learning rate falls from there: to 0, or as the Transformer was trained.",
    )
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
    yield of(
        "average_last",
        type=AT_LEAST_1,
        metavar="N",
        help="Keep the mean weights of the last N looks at dev, or without dev ends of epochs.",
    )
    yield of("seed", type=int, help="Seed of all randomness.")
