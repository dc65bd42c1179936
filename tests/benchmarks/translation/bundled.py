"""What a row's bundles write, and what int8 changes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer

import edgebert
from benchmarks.carved import path_of
from benchmarks.translation.bundles import Bundles, size_of
from benchmarks.translation.record import Agreement, Bundled, Drop, Measured
from benchmarks.translation.rows import Row
from benchmarks.translation.scoring import scored
from edgebert.bundle import TOKENIZER
from edgebert.data import Columns, read_examples
from edgebert.drift import check
from edgebert.errors import EdgebertError, GateError
from edgebert.measures.bleu import score_rows
from edgebert.measures.metrics import compare_scores
from edgebert.records.checked import CheckRecord

BEAMS = (1, 4)

Texts = tuple[str, ...]


def measure_bundles(
    row: Row, bundles: Bundles, columns: Columns, data: Path, folder: Path
) -> Bundled:
    """Translate a row's tests by both bundles, with onnxruntime alone.

    Args:
        row: which tests.
        bundles: of its model.
        columns: of the tests.
        data: the data sets.
        folder: of what was carved.

    Raises:
        EdgebertError: a bundle cannot be loaded, or a test cannot be read.
    """
    models = {by: edgebert.load(path, kernels="off") for by, path in bundles.both.items()}
    measured: list[Measured] = []
    drops: list[Drop] = []
    for test in row.tests:
        sources, targets = _sides(path_of(test, data, folder), columns)
        for beams in BEAMS:
            written = {}
            for by, model in models.items():
                began = time.perf_counter()
                written[by] = [one.text for one in model.translate(list(sources), beam=beams)]
                seconds = time.perf_counter() - began
                measured.append(scored(test, by, beams, written[by], targets, seconds))
            drops += _drops(test, beams, written, targets)
    return Bundled(
        fp32_bytes=size_of(bundles.fp32),
        int8_bytes=size_of(bundles.int8),
        pieces=Tokenizer.from_file(str(bundles.int8 / TOKENIZER)).get_vocab_size(),
        measured=tuple(measured),
        drops=tuple(drops),
        agreements=tuple(
            agreement(test, bundles, path_of(test, data, folder), columns) for test in row.tests
        ),
    )


def agreement(test: str, bundles: Bundles, path: Path, columns: Columns) -> Agreement:
    """What `edgebert check` finds of both on a file."""
    found = _checked(bundles, path, columns)
    if found.labels is None:
        raise EdgebertError(f"{path}: no next token was compared")
    texts, ends = found.measures["translations"], found.measures["endings"]
    return Agreement(
        test=test,
        tokens=found.labels.n,
        next_tokens=1 - found.labels.rate,
        exact=texts["exact"],
        unfinished=(int(ends["unfinished_reference"]), int(ends["unfinished"])),
        loops=(int(ends["loops_reference"]), int(ends["loops"])),
    )


def _checked(bundles: Bundles, path: Path, columns: Columns) -> CheckRecord:
    """Whether or not it is within what the bundle promises: the table says how far it is."""
    sides = (str(bundles.fp32), str(bundles.int8), path)
    try:
        return check(*sides, text_column=columns.text, pair_column=columns.pair, kernels="off")
    except GateError as error:
        if not isinstance(error.record, CheckRecord):
            raise
        return error.record


def _drops(test: str, beams: int, written: dict[str, list[str]], targets: Texts) -> Iterator[Drop]:
    sides = (score_rows(written[by], targets) for by in ("fp32", "int8"))
    for reference, candidate in zip(*sides, strict=True):
        yield Drop(test, beams, compare_scores(reference, candidate))


def _sides(path: Path, columns: Columns) -> tuple[Texts, Texts]:
    sources, targets = read_examples(path, columns=columns).require_translations()
    return tuple(sources), tuple(targets)
