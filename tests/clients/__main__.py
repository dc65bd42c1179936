"""`python -m clients`: the server asked by clients of others, and by what breaks servers. See README.md."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click
from devices.emulated import ROOT
from devices.minilm import make_bundles
from tier_steps import Step, broken_in

import edgebert
from clients.answering import asked_alike, key_file
from clients.bad_requests import bad_is_refused
from clients.connections import (
    a_deleted_bundle_is_still_answered,
    a_port_in_use_is_told,
    half_sent_bodies_are_given_up,
    idle_connections_are_borne,
    lost_clients_harm_nobody,
    slow_clients_are_answered,
)
from clients.crowds import crowds_get_their_own
from clients.fuzzing import described_truly
from clients.loading import loads_are_answered
from clients.questions import REAL, TEXT, TINY, TRANSLATOR
from clients.raw import post, sent
from clients.served import WORK, Process, serving
from clients.translations import translations_get_their_own
from clients.translator import translator_bundle
from edgebert.bundle import read_bundle
from edgebert.cli.tables import table
from edgebert.errors import EdgebertError, GateError
from edgebert.machine import this_machine

_FIXTURES = (ROOT / "tests/fixtures/format_1/bundles", ROOT / "tests/fixtures/targets/bundles")
_REQUEST_TIMEOUT_S = 8


@dataclass(frozen=True)
class Figures:
    """What was counted and measured.

    Attributes:
        answers: of each client.
        rates: requests a second of each route.
        others: by their names.
    """

    answers: Counter[str] = field(default_factory=Counter)
    rates: dict[str, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)


@click.command()
@click.argument("bundle", required=False, metavar="[INT8]", type=click.Path(path_type=Path))
@click.option("--step", "chosen", multiple=True, help="Run this step alone; can be repeated.")
@click.option("--seconds", default=5, show_default=True, help="Of load on each route.")
@click.option("--examples", default=20, show_default=True, help="Of schemathesis, a route.")
def main(bundle: Path | None, chosen: Sequence[str], seconds: int, examples: int) -> None:
    """Test the server with tiny bundles and a real embedder, by default all-MiniLM-L6-v2 in int8."""
    figures = Figures()
    try:
        with ExitStack() as servers:
            bundles = _bundles(bundle or _minilm())
            steps = _steps(bundles, seconds, examples, figures, servers)
            unknown = {*chosen} - {step.name for step in steps}
            if unknown:
                raise click.UsageError(
                    f"no step {min(unknown)}: {', '.join(s.name for s in steps)}"
                )
            taken = [step for step in steps if not chosen or step.name in chosen]
            broken = [line for step in taken for line in broken_in(step)]
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    _show(figures)
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


def _steps(
    bundles: dict[str, Path], seconds: int, examples: int, figures: Figures, servers: ExitStack
) -> list[Step]:
    models = {name: edgebert.load(path) for name, path in bundles.items()}
    timeout = ("--request-timeout", str(_REQUEST_TIMEOUT_S), "--drain", "0")
    server = servers.enter_context(serving(bundles, *timeout, name="open"))
    keys = ("--api-key-file", str(key_file()), "--drain", "0")
    locked = servers.enter_context(serving(bundles, *keys, name="locked"))
    good = _good_answer(server)
    tiny = bundles["embedder"]
    return [
        Step("clients", lambda: asked_alike(locked, server, models, figures.answers)),
        Step("crowd", lambda: crowds_get_their_own(server, models[REAL], bundles[REAL])),
        Step("translate", lambda: translations_get_their_own(server, models[TRANSLATOR])),
        Step("bad", lambda: bad_is_refused(server, good)),
        Step("slow", lambda: slow_clients_are_answered(server, good)),
        Step("lost", lambda: lost_clients_harm_nobody(server, good)),
        Step("half", lambda: half_sent_bodies_are_given_up(server, _REQUEST_TIMEOUT_S)),
        Step("idle", lambda: idle_connections_are_borne(server, good, figures.others)),
        Step("deleted", lambda: a_deleted_bundle_is_still_answered(tiny)),
        Step("port", lambda: a_port_in_use_is_told(server, tiny)),
        Step("described", lambda: described_truly(bundles, examples)),
        Step("load", lambda: loads_are_answered(server, seconds, figures.rates)),
    ]


def _good_answer(server: Process) -> bytes:
    """What the same request gets from now on, whatever else is asked."""
    answer = sent(server.port, post(f"/models/{REAL}/embed", json.dumps({"inputs": TEXT}).encode()))
    if answer is None or answer.code != 200:
        raise EdgebertError(f"a good request got {answer}")
    return answer.body


def _bundles(real: Path) -> dict[str, Path]:
    """What is served, by name."""
    tiny = {
        path.name: path for folder in _FIXTURES for path in folder.iterdir() if path.name in TINY
    }
    return {REAL: real} | {name: tiny[name] for name in TINY} | {TRANSLATOR: translator_bundle()}


def _minilm() -> Path:
    made = WORK / "minilm" / "int8"
    try:
        read_bundle(made)
    except EdgebertError:
        make_bundles(WORK / "minilm")
    return made


def _show(figures: Figures) -> None:
    if figures.answers:
        click.echo(table(("client", "answers"), [*figures.answers.items()]))
    if figures.rates:
        rows = [(route, f"{rate:.0f}") for route, rate in figures.rates.items()]
        click.echo(table(("route", "requests/s"), rows))
    for name, figure in figures.others.items():
        click.echo(f"{name}: {figure:.0f}")
    click.echo(this_machine().cpu_and_class)


if __name__ == "__main__":
    main()
