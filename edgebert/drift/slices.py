"""Parts of the texts, by length, by script, or by a column of their file."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

from edgebert.data import Examples, Text
from edgebert.measures.compared import Compared
from edgebert.measures.metrics import compare_scores
from edgebert.records.checked import Slice

BY_LENGTH, BY_SCRIPT = "length", "script"

_LENGTHS = (32, 128, 512)  # characters
_SCRIPTS = {"CJK": "Han", "HIRAGANA": "Japanese", "KATAKANA": "Japanese"}


@dataclass(frozen=True)
class Part:
    """Some rows of a file: those whose `by` is `value`."""

    by: str
    value: str
    rows: tuple[int, ...]


def slices_of(examples: Examples, by: str) -> list[Part]:
    """The parts of a file, in the order in which they should be shown.

    Args:
        examples: the file.
        by: "length" (in characters), "script" (of most letters), or the name of a column.

    Raises:
        InputError: the file has no such column.
    """
    if by == BY_LENGTH:
        values = [_length(text) for text in examples.texts]
        order = [*_length_names(), ""]
    elif by == BY_SCRIPT:
        values = [_script(text) for text in examples.texts]
        order = [name for name, _ in Counter(values).most_common()]
    else:
        values = list(examples.column(by))
        order = sorted(set(values))
    rows: dict[str, list[int]] = {name: [] for name in order}
    for row, value in enumerate(values):
        rows[value].append(row)
    return [Part(by, value, tuple(chosen)) for value, chosen in rows.items() if chosen]


def slice_of(part: Part, total: int, compared: Compared) -> Slice:
    """Sum up a comparison over some of the rows of its file.

    Args:
        part: the rows.
        total: how many rows the file has.
        compared: the answers, in the order of the rows; two to a row where an embedding model
            reads both sides of a pair.
    """
    distances, changed = compared.distances, compared.changed
    sides = len(distances) // total
    places = [sides * row + side for row in part.rows for side in range(sides)]
    flips = None if changed is None else changed[places].sum(axis=0)
    scores = compared.scores[0] if compared.scores else None
    by_row = scores is not None and len(scores[0].rows) == total  # queries are not rows
    return Slice(
        by=part.by,
        value=part.value,
        n=len(part.rows),
        distance_mean=float(distances[places].mean()),
        flip_rate=None if flips is None else float(flips[0] / max(flips[1], 1)),
        metric=compare_scores(*(one.part(part.rows) for one in scores))
        if scores and by_row
        else None,
    )


def _length_names() -> list[str]:
    bounded = [f"up to {limit} characters" for limit in _LENGTHS]
    return [*bounded, f"over {_LENGTHS[-1]} characters"]


def _length(text: Text) -> str:
    characters = len(_whole(text))
    return _length_names()[sum(characters > limit for limit in _LENGTHS)]


def _script(text: Text) -> str:
    """The script of most letters: the first word of a letter's Unicode name says it."""
    letters = (unicodedata.name(c, "?").split()[0] for c in _whole(text) if c.isalpha())
    found = Counter(_SCRIPTS.get(script, script.title()) for script in letters).most_common(1)
    return found[0][0] if found else "no letters"


def _whole(text: Text) -> str:
    return text if isinstance(text, str) else " ".join(text)
