"""`python -m benchmarks.web [NAME=BUNDLE]...`: the client for JavaScript beside transformers.js."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from devices.emulated import ROOT
from devices.minilm import make_bundles
from web.running import WORK

from benchmarks.texts import Amounts, read_workloads
from benchmarks.web.clients import LONGEST, lay_out, ours, peers, versions
from benchmarks.web.page import table, write_table
from benchmarks.web.record import Seat, WebRecord
from benchmarks.web.running import longest_first, measured
from benchmarks.web.transformers_js import transformers_js_folder
from edgebert.bundle import read_bundle
from edgebert.errors import EdgebertError, InputError
from edgebert.machine import available_cores
from edgebert.records.codec import write_json
from edgebert.runtimes import load

PLACES = {
    "node-1": ("Node", 1),
    "node-2": ("Node", 2),
    "chromium-1": ("Chromium", 1),
    "chromium-2": ("Chromium", 2),
}


@click.command()
@click.argument("bundles", nargs=-1, metavar="[NAME=BUNDLE]...")
@click.option("--place", "places", multiple=True, type=click.Choice(list(PLACES)))
@click.option("--peers/--no-peers", "with_peers", default=True, help="transformers.js beside ours.")
@click.option("--short", default=512, show_default=True, help="Sentences of STS-B test.")
@click.option("--abstracts", default=64, show_default=True, help="Abstracts of SciFact.")
@click.option("--rounds", default=5, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=ROOT / "out" / "bench-web")
@click.option("--page", is_flag=True, help="Write README.md's table from the record.")
def main(
    bundles: Sequence[str],
    places: Sequence[str],
    with_peers: bool,
    short: int,
    abstracts: int,
    rounds: int,
    output: Path,
    page: bool,
) -> None:
    """Measure our client with each BUNDLE, by default with fp32 and int8 of all-MiniLM-L6-v2."""
    try:
        record = _measure(bundles, places or tuple(PLACES), with_peers, (short, abstracts), rounds)
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    output.mkdir(parents=True, exist_ok=True)
    write_json(record, output / "web.json")
    if page:
        write_table(record)
    click.echo(table(record))


def _measure(
    named: Sequence[str],
    places: Sequence[str],
    with_peers: bool,
    sizes: tuple[int, int],
    rounds: int,
) -> WebRecord:
    busy = os.getloadavg()[0]
    reference = _minilm()
    bundles = reference | _named(named)
    contestants = [*(peers(transformers_js_folder()) if with_peers else ()), *ours(bundles)]
    lay_out(contestants)
    data = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    workloads = read_workloads(data, Amounts(sizes[0], sizes[1], 0))[:2]
    texts = {workload.title: workload.texts for workload in workloads}
    model = load(reference["fp32"])
    wanted = {
        name: model.embed(longest_first(own), max_length=LONGEST) for name, own in texts.items()
    }
    told, seats = versions(), list[Seat]()
    for place, threads in (PLACES[name] for name in places):
        click.echo(f"{place}, {threads} thread{'s' if threads > 1 else ''}", err=True)
        version, found = measured(place, threads, contestants, texts, wanted, rounds)
        told[version.split()[0]] = version.split()[1]
        seats += found
    return WebRecord(
        versions=told,
        sizes={name: len(own) for name, own in texts.items()},
        rounds=rounds,
        load=busy,
        cores=available_cores(),
        seats=tuple(seats),
    )


def _named(bundles: Sequence[str]) -> dict[str, Path]:
    """Bundles by the names they were given.

    Raises:
        InputError: an argument is not NAME=BUNDLE.
    """
    found = {}
    for argument in bundles:
        name, parted, path = argument.partition("=")
        if not name or not parted:
            raise InputError(f"{argument} is not NAME=BUNDLE, as in int8=out/int8")
        found[name] = Path(path)
    return found


def _minilm() -> dict[str, Path]:
    """The bundles that the client's tests make of all-MiniLM-L6-v2."""
    made = {name: WORK / "minilm" / name for name in ("fp32", "int8")}
    try:
        [read_bundle(bundle) for bundle in made.values()]
    except EdgebertError:
        make_bundles(WORK / "minilm")
    return made


if __name__ == "__main__":
    main()
