"""Which texts set the ranges, which ones the search looks at, and which none of them has seen.

A file shows one kind of text, and a range that fits it clips the tokens of another kind: one such
token spoils its whole text. So the texts that ship with edgebert stand beside those of a file in
all that is calibrated, searched and measured.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from edgebert.data import Examples, Text
from edgebert.data.calibration_texts import CALIBRATION_TEXTS
from edgebert.data.columns import refuse_without_columns
from edgebert.data.reading import read_examples
from edgebert.drift.comparing import compared_texts
from edgebert.errors import InputError
from edgebert.quantize.options import FEWEST, QuantizeOptions
from edgebert.runtimes import Model

_LOGGER = logging.getLogger(__name__)
BUILT_IN = "built-in texts"
_MOST_HELD_OUT = 512
_FOR_SEARCH = 4  # one text of so many is left to the search


@dataclass(frozen=True)
class CalibrationTexts:
    """Three parts that share no text.

    Attributes:
        ranges: set the ranges of activations.
        search: `auto` chooses by.
        held_out: the drift is measured on.
        fingerprint: what `ranges` and `search` were: file, number, hash.
        others: the same of texts of other kinds, where these are from a file.
    """

    ranges: tuple[Text, ...]
    search: tuple[Text, ...]
    held_out: Examples
    fingerprint: str
    others: CalibrationTexts | None = None


def choose_texts(options: QuantizeOptions, model: Model) -> CalibrationTexts:
    """Draw the texts; the same for the same seed.

    Raises:
        InputError: a file cannot be used, or holds fewer than `FEWEST` texts.
    """
    columns = options.columns
    refuse_without_columns(columns, [path for path in (options.calibration, options.data) if path])
    data = options.data
    held_out = model.spec.task.examples(data, columns=columns.of(data)) if data else None
    shipped = _readable(_built_in(model), model)
    if options.calibration is None:
        return _split(shipped, held_out, options, model)
    given = read_examples(options.calibration, columns=columns.of_texts(options.calibration))
    texts = _split(_readable(given, model), held_out, options, model)
    if not options.calibrates or len(shipped) < 2 * FEWEST or model.spec.task.writes:
        return texts  # a translator reads the language of the file, and few of those that ship
    others = _split(shipped, None, replace(options, samples=len(shipped)), model)
    fingerprint = f"{texts.fingerprint}; {others.fingerprint}"
    return replace(texts, others=others, fingerprint=fingerprint)


def _split(
    examples: Examples, held_out: Examples | None, options: QuantizeOptions, model: Model
) -> CalibrationTexts:
    """The three parts of some texts; a fifth is held out where nothing else is."""
    order = np.random.default_rng(options.seed).permutation(len(examples))
    kept_back = min(_MOST_HELD_OUT, len(examples) // 5) if held_out is None else 0
    if held_out is None:
        held_out = examples.take(sorted(order[:kept_back]))
    unseen = set(compared_texts(model, held_out))
    drawn = examples.take([int(row) for row in order[kept_back:]])
    different = (t for t in dict.fromkeys(compared_texts(model, drawn)) if t not in unseen)
    texts = list(islice(different, options.samples))
    if len(texts) < FEWEST:
        raise InputError(
            f"{examples.path}: {len(texts)} texts are left for calibration, of which at least "
            f"{FEWEST} are needed"
        )
    for_search = len(texts) // _FOR_SEARCH
    return CalibrationTexts(
        ranges=tuple(texts[for_search:]),
        search=tuple(texts[:for_search]),
        held_out=held_out,
        fingerprint=f"{examples.path.name}: {len(texts)} texts, sha256 {_hash(texts)}",
    )


def _built_in(model: Model) -> Examples:
    return Examples(Path(BUILT_IN), model.spec.task.inputs_of(CALIBRATION_TEXTS))


def _readable(examples: Examples, model: Model) -> Examples:
    """Those without a token that has no embedding; says in the log how many are left out."""
    if model.reads_all:
        return examples
    refused = {row: why for row, text in enumerate(examples.texts) if (why := _why(model, text))}
    if not refused:
        return examples
    first = min(refused)
    _LOGGER.warning(
        "%d of %d texts are left out of calibration, first %s: %s",
        len(refused), len(examples), examples.where(first), refused[first],
    )  # fmt: skip
    return examples.take([row for row in range(len(examples)) if row not in refused])


def _why(model: Model, text: Text) -> str | None:
    sides = model.spec.task.sides(text)
    return next((why for side in sides if (why := model.refusal(side)) is not None), None)


def _hash(texts: list[Text]) -> str:
    joined = "\0".join(text if isinstance(text, str) else "\1".join(text) for text in texts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]
