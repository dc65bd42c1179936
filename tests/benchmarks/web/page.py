"""The table of README.md, from a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.page_table import write_into
from benchmarks.web.record import Seat, Speed, WebRecord

PAGE = Path(__file__).with_name("README.md")
BASE = "transformers.js q8"
"""Whose speed the others' are told as times of."""


def write_table(record: WebRecord, page: Path = PAGE) -> None:
    """Put the table of `record` in place of the one in `page`.

    Raises:
        InputError: the page has no place for it.
    """
    write_into(page, table(record))


def table(record: WebRecord) -> str:
    """A table for each place, the machine, and what failed."""
    places = dict.fromkeys((seat.place, seat.threads) for seat in record.seats)
    parts = [
        part
        for place, threads in places
        for part in (
            f"{place}, {threads} thread{'s' if threads > 1 else ''}:",
            _table(record, [s for s in record.seats if (s.place, s.threads) == (place, threads)]),
        )
    ]
    failed = [f"- {s.place}, {s.title}: {s.failure}" for s in record.seats if s.failure]
    return "\n\n".join([*parts, *(["\n".join(failed)] if failed else []), _machine(record)])


def times_base(seats: Sequence[Seat], seat: Seat, texts: str) -> float | None:
    """How many times as fast as `BASE` in the same place."""
    base = next((_speed(one, texts) for one in seats if one.name == BASE), None)
    own = _speed(seat, texts)
    return base.fastest_s / own.fastest_s if base and own else None


def _table(record: WebRecord, seats: Sequence[Seat]) -> str:
    header = ["client"]
    for name in record.sizes:
        header += [f"{name}, texts/s (median)", f"x {BASE}", "cosine (least)"]
    header += ["first answer, s", "model, MB", "download, MB", "memory, MB"]
    rows = [
        [
            seat.title,
            *(cell for name in record.sizes for cell in _of_set(record, seats, seat, name)),
            *_of_seat(seat),
        ]
        for seat in seats
        if not seat.failure
    ]
    return "\n".join(map(_line, [header, ["---", *["---:"] * (len(header) - 1)], *rows]))


def _of_set(record: WebRecord, seats: Sequence[Seat], seat: Seat, name: str) -> Iterator[str]:
    speed = _speed(seat, name)
    if speed is None:
        yield from ("", "", "")
        return
    size, times = record.sizes[name], times_base(seats, seat, name)
    yield f"{_short(size / speed.fastest_s)} ({_short(size / speed.median_s)})"
    yield "" if times is None else f"{times:.2f}"
    mean, least = speed.cosine_mean, speed.cosine_min
    yield "" if mean is None or least is None else f"{mean:.5f} ({least:.4f})"


def _of_seat(seat: Seat) -> Iterator[str]:
    yield "" if seat.first_answer_s is None else f"{seat.first_answer_s:.2f}"
    yield f"{seat.model_bytes / 1e6:.1f}"
    for size in (seat.downloaded_bytes, seat.memory_bytes):
        yield "" if size is None else f"{size / 1e6:.0f}"


def _speed(seat: Seat, texts: str) -> Speed | None:
    return next((speed for speed in seat.speeds if speed.texts == texts), None)


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def _machine(record: WebRecord) -> str:
    sets = ", ".join(f"{size:,} {name}" for name, size in record.sizes.items())
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    busy = (
        f" **Other work ran beside it ({record.load:.1f} processes on {record.cores} cores): read "
        "ratios within a table only.**"
        if record.busy
        else ""
    )
    return (
        f"{record.machine.cpu_and_class}, {record.created[:10]}; {versions}. {sets}; the fastest of "
        f"{record.rounds} alternating rounds, and their median.{busy}"
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
