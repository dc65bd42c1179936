"""Which model made the answers in a file: the fingerprint that the file carries, or one beside it.

Each line of a .jsonl file carries it, so that lines may be taken out and put together; a .parquet
file has it in its metadata; vectors in .npy and .csv files get a file beside them,
`vectors.npy.made_by.json`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from edgebert.data.rows import PARQUET, Row, file_kind, place_of
from edgebert.errors import InputError
from edgebert.records.codec import read_json, write_json
from edgebert.records.fingerprint import Fingerprint

KEY = "fingerprint"
"""What a row, or the metadata of a file, has it under."""

_BEGINNING_BYTES = 1 << 16


@dataclass(frozen=True)
class MadeBy:
    """What stands beside a file of answers.

    Attributes:
        size_bytes: of that file; another size tells that it was replaced since.
        beginning_sha256: of its first 64 KiB, for vectors of another model have the same size;
            "" in what was written before there was one.
    """

    fingerprint: str
    size_bytes: int
    beginning_sha256: str = ""
    format: int = 1

    @classmethod
    def of(cls, fingerprint: str, path: Path) -> MadeBy:
        with path.open("rb") as stream:
            beginning = hashlib.sha256(stream.read(_BEGINNING_BYTES)).hexdigest()
        return cls(fingerprint, path.stat().st_size, beginning)


def file_beside(path: Path) -> Path:
    """Where the fingerprint of a file stands that does not carry it."""
    target = path.resolve()
    return target.with_name(f"{target.name}.made_by.json")


def write_beside(path: Path, fingerprint: str, finished: Path) -> None:
    """Say which model made a file that is about to take its place.

    Args:
        path: its place.
        fingerprint: "" where the file carries it: then what an earlier one left is taken away.
        finished: the file as it is now.
    """
    if fingerprint:
        write_json(MadeBy.of(fingerprint, finished), file_beside(path))
    else:
        file_beside(path).unlink(missing_ok=True)


def maker_beside(path: Path) -> Fingerprint | None:
    """What stands beside a file, or in a .parquet file's metadata; None where nothing does.

    Raises:
        InputError: what is there is no fingerprint.
    """
    if file_kind(path) == PARQUET:
        from edgebert.data.parquet_rows import parquet_metadata

        said = parquet_metadata(path).get(KEY)
        return None if said is None else _read(said, str(path))
    beside = file_beside(path)
    if not beside.is_file():
        return None
    made_by = read_json(MadeBy, beside, "fingerprint of a file")
    found = MadeBy.of(made_by.fingerprint, path)
    if made_by not in (found, replace(found, beginning_sha256="")):
        return None
    return _read(made_by.fingerprint, str(beside))


def makers_of_rows(path: Path, rows: Iterable[Row]) -> tuple[Fingerprint, ...]:
    """What the rows of a file carry, each once: one model, perhaps with several options of a run.

    Returns:
        None of them where the rows carry nothing.

    Raises:
        InputError: rows of several models, or what they carry is no fingerprint.
    """
    found: dict[object, Fingerprint | None] = {}
    for number, cells in rows:
        said = cells.get(KEY)
        if (said is None or isinstance(said, str)) and said in found:
            continue
        maker = None if said is None else _read(said, place_of(path, number))
        first = next(iter(found.values()), maker)
        if _model(maker) != _model(first):
            raise InputError(
                f"{place_of(path, number)}: made by {maker or 'nobody says whom'}, the rows before "
                f"by {first or 'nobody says whom'}: answers of several models do not mix"
            )
        found[said] = maker
    return tuple(maker for maker in found.values() if maker)


def _model(maker: Fingerprint | None) -> Fingerprint | None:
    return maker and maker.model


def _read(said: object, where: str) -> Fingerprint:
    try:
        return Fingerprint.read(said if isinstance(said, str) else "")
    except ValueError as error:
        raise InputError(f"{where}: {said!r} is no fingerprint") from error
