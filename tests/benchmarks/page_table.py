"""The place of a table in a page: between two comments, where it replaces the one before."""

from __future__ import annotations

from pathlib import Path

from edgebert.errors import InputError
from edgebert.output import new_file

BEGIN, END = "<!-- table:begin -->", "<!-- table:end -->"


def write_into(page: Path, table: str) -> None:
    """Put a table into a page.

    Raises:
        InputError: the page has no place for it.
    """
    text = put_between(page.read_text(encoding="utf-8"), table)
    with new_file(page, force=True) as file:
        file.write_text(text, encoding="utf-8")


def put_between(text: str, table: str) -> str:
    """The text with the table between its two comments; raises as `between`."""
    between(text)
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}"


def between(text: str) -> str:
    """What stands between the two comments of a page.

    Raises:
        InputError: it does not have them, once each and in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f"no place for the table: it goes between {BEGIN} and {END}")
    return text.split(BEGIN)[1].split(END)[0]
