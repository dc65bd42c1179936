"""`python -m benchmarks.translation.speed [CHECKPOINT]`: bundles beside CTranslate2. See README.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
from devices.emulated import ROOT

from benchmarks.translation.bundles import Bundles, bundles_of, make_bundles
from benchmarks.translation.rows import ROWS
from benchmarks.translation.running import columns_of
from benchmarks.translation.speed.contestants import THEIRS, Contestant, ctranslate2, edgebert
from benchmarks.translation.speed.page import ratios, tables, write_table
from benchmarks.translation.speed.plan import FULL, QUICK, Sentences
from benchmarks.translation.speed.run import run_benchmark
from edgebert.bundle import TARGET_TOKENIZER, TOKENIZER
from edgebert.checkpoint.translation.target_tokenizer import read_target_tokenizer
from edgebert.data import read_examples
from edgebert.errors import EdgebertError
from edgebert.machine import available_cores
from edgebert.records.codec import write_json

_ROW = ROWS["multi30k"]
_TESTS = ROOT / "tests"
_CORES = (1, 2)


@click.command()
@click.argument(
    "checkpoint",
    type=click.Path(path_type=Path),
    default=ROOT / "out" / "translation" / _ROW.name,
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=ROOT / "out" / "translation-speed"
)
@click.option("--quick", is_flag=True, help="Few sentences and rounds: does everything run?")
@click.option("--page", is_flag=True, help="Write README.md's tables from the record.")
def main(checkpoint: Path, output: Path, quick: bool, page: bool) -> None:
    """Measure the bundles of CHECKPOINT and CTranslate2's models of its weights."""
    data = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    output.mkdir(parents=True, exist_ok=True)
    cores = tuple(count for count in _CORES if count <= available_cores())
    try:
        bundles = _bundles(checkpoint, data)
        contestants = _contestants(checkpoint, bundles, output, cores)
        sentences = _sentences(checkpoint, data)
        record = run_benchmark(
            checkpoint.name, contestants, sentences, QUICK if quick else FULL, cores=cores,
            log=output / "seats.log", say=_say,
        )  # fmt: skip
        write_json(record, output / "speed.json")
        if page:
            write_table(record)
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    click.echo(tables(record))
    for column, value in ratios(record).items():
        if value < 1:
            click.echo(f"missed: {value:.2f} times CTranslate2 int8, {column}", err=True)


def _bundles(checkpoint: Path, data: Path) -> Bundles:
    """Those that lie beside the checkpoint, or else new ones there."""
    found = bundles_of(checkpoint)
    if found.are_there:
        return found
    return make_bundles(checkpoint, data / _ROW.train, data / _ROW.dev, columns_of(_ROW))


def _contestants(
    checkpoint: Path, bundles: Bundles, output: Path, cores: tuple[int, ...]
) -> list[Contestant]:
    theirs = [
        ctranslate2(_converted(checkpoint, bundles, output, kind), kind, cores)
        for kind in ("float32", "int8")
    ]
    return [
        edgebert(bundles.fp32, "fp32", cores),
        theirs[0],
        edgebert(bundles.int8, "int8", cores),
        edgebert(bundles.int8, "int8", cores, kernels=True),
        theirs[1],
    ]


def _converted(checkpoint: Path, bundles: Bundles, output: Path, kind: str) -> Path:
    """CTranslate2's model with the weights and the source vocabulary of the bundles, and tokenizers."""
    model = output / f"ctranslate2-{kind}"
    tokenizer = bundles.fp32 / TOKENIZER
    command = [
        THEIRS,
        "-m",
        "benchmarks.translation.speed.conversion",
        checkpoint,
        tokenizer,
        model,
    ]
    done = subprocess.run(
        [*map(str, command), kind],
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise EdgebertError(f"{checkpoint} cannot be converted: {last[0]}")
    for name in (TOKENIZER, TARGET_TOKENIZER):
        shutil.copyfile(bundles.fp32 / name, model / name)
    return model


def _sentences(checkpoint: Path, data: Path) -> Sentences:
    name = _ROW.tests[0]
    sources, targets = read_examples(data / name, columns=columns_of(_ROW)).require_translations()
    return Sentences(name, sources, targets, read_target_tokenizer(checkpoint))


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
