"""A corpus in a file: texts, or the vectors that `edgebert embed` made of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from edgebert.arrays import Array
from edgebert.data import stream_texts
from edgebert.data.makers import maker_beside, makers_of_rows
from edgebert.data.rows import TABLES, Row, file_kind, place_of, read_rows
from edgebert.errors import InputError
from edgebert.git_lfs import refuse_pointer
from edgebert.records.fingerprint import Fingerprint
from edgebert.vectors.forms import Vectors

_EMBEDDING = "embedding"


def corpus_of_file(path: Path, maker: Fingerprint) -> tuple[list[str] | None, Vectors | None]:
    """Texts of a file, None where it holds only vectors, and vectors, None where only texts.

    Args:
        path: a .npy, .jsonl, .csv or .parquet file that `edgebert embed` wrote, or any file of
            texts. An .npy file is mapped, not read.
        maker: of the vectors that a search compares with: those of another are refused. Vectors
            of which nothing says who made them are taken.

    Raises:
        InputError: the file cannot be read, holds no texts, or vectors of another maker.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist")
    if file_kind(path) == "npy":
        _require_maker(path, maker_beside(path), maker)
        return None, _mapped(path)
    if file_kind(path) in TABLES:
        rows = read_rows(path)
        if rows and _EMBEDDING in rows[0][1]:
            for found in makers_of_rows(path, rows) or (maker_beside(path),):
                _require_maker(path, found, maker)
            return [str(cells.get("text")) for _, cells in rows], _stacked(path, rows)
    texts = list(stream_texts(path))
    if not texts:
        raise InputError(f"{path} holds no text")
    if not isinstance(texts[0], str):
        raise InputError(f"{path} holds pairs of texts: search reads single ones")
    return list(map(str, texts)), None


def _require_maker(path: Path, found: Fingerprint | None, wanted: Fingerprint) -> None:
    if found is None or found == wanted:
        return
    anew = "make them anew with 'edgebert embed'"
    if found.model != wanted.model:
        way_out = wanted.model.way_to(found.model)
        raise InputError(
            f"{path} was made by {found.model}, not by this model ({wanted.model}): "
            f"{f'{way_out}, or ' if way_out else ''}{anew}"
        )
    raise InputError(
        f"{path} was made {found.told_options}, and documents are searched {wanted.told_options}: "
        f"{anew}"
    )


def _mapped(path: Path) -> Vectors:
    refuse_pointer(path)
    try:
        vectors: Vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as an array of NumPy: {error}") from error
    return vectors


def _stacked(path: Path, rows: list[Row]) -> Array:
    vectors = [_vector(path, row) for row in rows]
    for (number, _), vector in zip(rows, vectors, strict=True):
        if len(vector) != len(vectors[0]):
            raise InputError(
                f"{place_of(path, number)}: a vector of {len(vector)} numbers among others of "
                f"{len(vectors[0])}"
            )
    return np.stack(vectors)


def _vector(path: Path, row: Row) -> Array:
    number, cells = row
    value = cells.get(_EMBEDDING)
    if value is None and "error" in cells:
        raise InputError(f"{place_of(path, number)}: holds no answer: {cells['error']}")
    try:
        vector = np.asarray(json.loads(value) if isinstance(value, str) else value, np.float32)
        if vector.ndim != 1 or not vector.size:
            raise ValueError
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{place_of(path, number)}: its '{_EMBEDDING}' is no vector") from error
    return vector
