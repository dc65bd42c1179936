"""`python -m devices BUNDLE...`: the same bundle on other CPUs. See README.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from devices.comparing import compare, show
from devices.emulated import DEVICES, HOME, ROOT
from devices.minilm import make_bundles
from devices.texts import read_texts
from edgebert.bundle import TOKENIZER, Bundle, open_bundle
from edgebert.errors import EdgebertError, GateError, InputError
from edgebert.records.codec import write_json
from edgebert.records.manifest import EMBEDDINGS
from edgebert.text.encoding import open_tokenizer

_DATA = ROOT.parent / "shared" / "data"
_NAMES = [device.name for device in DEVICES]


@click.command()
@click.argument("bundles", nargs=-1, metavar="[BUNDLE]...", type=click.Path(path_type=Path))
@click.option(
    "--texts",
    "number",
    type=click.IntRange(min=1),
    default=48,
    show_default=True,
    help="How many texts; a sixth of them have 128 tokens or more.",
)
@click.option("--device", "names", multiple=True, type=click.Choice(_NAMES), help="Only these.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the record as JSON.")
def main(
    bundles: tuple[Path, ...], number: int, names: tuple[str, ...], output: Path | None
) -> None:
    """Compare vectors of each BUNDLE on other CPUs with those on this machine.

    An fp32 bundle beside others is what all are compared with as well. Without any, the real
    all-MiniLM-L6-v2 is exported and quantized.
    """
    try:
        _run(bundles, number, names, output)
    except EdgebertError as error:
        click.echo("\n".join(f"Error: {line}" for line in str(error).splitlines()), err=True)
        sys.exit(error.exit_code)


def _run(paths: Sequence[Path], number: int, names: Sequence[str], output: Path | None) -> None:
    if not paths:
        _say("exporting and quantizing all-MiniLM-L6-v2")
    bundles = [_open(path) for path in paths or make_bundles(HOME / "bundles")]
    reference = next((one for one in bundles if one.manifest.precision == "fp32"), None)
    tried = [one for one in bundles if one is not reference] or bundles
    texts = read_texts(_data_sets(), open_tokenizer(tried[0].path / TOKENIZER), number)
    devices = [device for device in DEVICES if not names or device.name in names]
    record = compare(tried, reference, devices, texts, _say)
    if output is not None:
        write_json(record, output)
    click.echo(show(record))
    broken = [sentence for row in record.agreements for sentence in row.broken()]
    if broken:
        raise GateError("\n".join(broken), record)


def _open(path: Path) -> Bundle:
    bundle = open_bundle(path)
    if bundle.manifest.task != EMBEDDINGS:
        raise InputError(f"{path} is a {bundle.manifest.task} bundle; this compares embeddings")
    return bundle


def _data_sets() -> Path | None:
    folder = Path(os.environ.get("EDGEBERT_DATA", _DATA))
    if folder.is_dir():
        return folder
    _say(f"no data sets at {folder} (EDGEBERT_DATA names them): taking the built-in sentences")
    return None


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
