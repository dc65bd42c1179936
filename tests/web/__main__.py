"""`python -m web`: the client for JavaScript in Node and in Chromium. See README.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from devices.minilm import make_bundles
from tier_steps import Step, broken_in

from edgebert.bundle import TOKENIZER, read_bundle
from edgebert.cli.tables import table
from edgebert.errors import EdgebertError, GateError
from edgebert.machine import this_machine
from web.answering import Compared, answer_alike
from web.building import rebuilt, tested, typed
from web.families import families_read_alike
from web.laid_out import FIXTURES, OTHERS, lay_out, lay_out_readings
from web.pages import pages_work
from web.pipelines import node_runs, pipelines_open
from web.quantized import Proved, proved_in_wasm
from web.reading import read_alike
from web.running import WORK

TASKS = ("embedder", "classifier", "reranker", "tagger", "reader", "filler")
"""Tiny bundles that are committed, one for each form of the page."""

OPENED = ("embedder", "classifier", "multi-label", "tagger", "reader", "filler")
"""Those that a pipeline opens."""

ON_CPUS = ("byte-level-reader", "sparse", "static", "unigram-tagger", "weight-only")
"""Of the others, those that a browser runs."""


@click.command()
@click.argument("bundles", nargs=-1, metavar="[FP32 INT8]", type=click.Path(path_type=Path))
@click.option("--step", "chosen", multiple=True, help="Run this step alone; can be repeated.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("out/web"))
def main(bundles: Sequence[Path], chosen: Sequence[str], output: Path) -> None:
    """Test the client with tiny bundles and with a real embedder, by default all-MiniLM-L6-v2."""
    compared: list[Compared] = []
    proved: list[Proved] = []
    figures: dict[str, Any] = {}
    try:
        steps = _steps(tuple(bundles) or _minilm(), output, compared, proved, figures)
        unknown = {*chosen} - {step.name for step in steps}
        if unknown:
            raise click.UsageError(f"no step {min(unknown)}: {', '.join(s.name for s in steps)}")
        broken = [
            line for step in steps if not chosen or step.name in chosen for line in broken_in(step)
        ]
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    _show(compared, proved, figures)
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


def _steps(
    bundles: Sequence[Path],
    pictures: Path,
    compared: list[Compared],
    proved: list[Proved],
    figures: dict[str, Any],
) -> list[Step]:
    others = {name: OTHERS / name for name in ON_CPUS}
    tiny = {name: FIXTURES / name for name in TASKS} | {"sparse": others["sparse"]}
    fp32, int8 = bundles
    all_of_them = {path.name: path for path in sorted(FIXTURES.iterdir())}
    laid_out = all_of_them | others | {"real-int8": int8}
    lay_out(laid_out)
    opened = {name: [FIXTURES / name] for name in OPENED} | {"real": [int8, fp32]}
    opened |= {name: [bundle] for name, bundle in others.items() if name != "sparse"}
    return [
        Step("rebuilt", rebuilt),
        Step("types", typed),
        Step("client", tested),
        Step("reading", lambda: _reading(int8)),
        Step("families", families_read_alike),
        Step("quantized", lambda: proved_in_wasm(_choosing(), fp32, proved)),
        Step("answers", lambda: answer_alike(laid_out, compared)),
        Step("pages", lambda: pages_work(tiny, int8, pictures, figures)),
        Step("pipelines", lambda: pipelines_open(opened)),
        Step("node", lambda: node_runs(FIXTURES / "tagger")),
    ]


def _choosing() -> dict[str, Path]:
    """Float bundles that are quantized for the web: one is judged by vectors, one by labels."""
    return {name: FIXTURES / name for name in ("embedder", "classifier")}


def _reading(real: Path) -> Iterator[str]:
    return read_alike(lay_out_readings({"real": real / TOKENIZER}))


def _minilm() -> tuple[Path, ...]:
    made = (WORK / "minilm" / "fp32", WORK / "minilm" / "int8")
    try:
        [read_bundle(bundle) for bundle in made]
    except EdgebertError:
        make_bundles(WORK / "minilm")
    return made


def _show(compared: Sequence[Compared], proved: Sequence[Proved], figures: dict[str, Any]) -> None:
    if compared:
        rows = [(c.bundle, c.where, f"{c.mean:.5f}", f"{c.least:.5f}") for c in compared]
        click.echo(table(("int8", "where", "cosine to Python", "least"), rows))
    if proved:
        header = (
            "quantized for wasm",
            "drift there",
            "by the client",
            "on the CPU",
            "ms",
            "floats",
        )
        click.echo(table(header, map(_proved, proved)))
    if "typing" in figures:
        said = figures["typing"]
        click.echo(
            f"{said['keys']} keys in {said['seconds']:.1f} s while 1,000 texts were embedded: "
            f"{_blocks(said['longestBlockMs'])}"
        )
    click.echo(this_machine().cpu_and_class)


def _proved(found: Proved) -> tuple[str, ...]:
    made, floats = found.web.chosen, found.web.float_p50_ms
    drifts = (found.web.drift.mean, found.again, found.on_cpu)
    times = (made.p50_ms if made else 0, floats or 0)
    return (found.bundle, *(f"{drift:.3g}" for drift in drifts), *(f"{ms:.3g}" for ms in times))


def _blocks(longest_ms: float) -> str:
    """A browser tells of tasks of more than 50 ms only."""
    return f"the page was blocked for {longest_ms:.0f} ms" if longest_ms else "no block of 50 ms"


if __name__ == "__main__":
    main()
