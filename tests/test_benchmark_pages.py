"""Pages that tell rows of different days: what is measured anew replaces its row, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.page_rows import IN_A_COMMAND, IN_A_LIST, Part, table_part, write_rows
from benchmarks.page_table import BEGIN, END
from benchmarks.training import page as training_page
from benchmarks.training.rows import ROWS as TRAINED
from benchmarks.translation import page as translation_page
from benchmarks.translation.rows import ROWS as TRANSLATORS

from edgebert.errors import InputError

ORDER = ("a", "b", "a-2")


def parts(figures: dict[str, tuple[str, ...]], missed: tuple[str, ...] = ()) -> list[Part]:
    """A table with a line for each figure of a row, commands, and rows that miss their goal."""
    return [
        table_part(("row", "figure"), [(name, one) for name in figures for one in figures[name]]),
        Part(
            "Commands:\n\n",
            tuple(f"    run x -o y && run y -o {name}" for name in figures),
            IN_A_COMMAND,
        ),
        Part(
            "Missed:\n\n", tuple(f"- {name}: too low" for name in missed), IN_A_LIST, "None missed."
        ),
    ]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "README.md"
    file.write_text(f"above\n{BEGIN}\n{END}\nbelow\n", encoding="utf-8")
    return file


def write(page: Path, figures: dict[str, tuple[str, ...]], missed: tuple[str, ...] = ()) -> str:
    write_rows(page, parts(figures, missed), set(figures), ORDER)
    return page.read_text(encoding="utf-8")


def test_rows_that_are_measured_later_stand_in_their_order_beside_the_others(page: Path) -> None:
    write(page, {"a-2": ("3",)})
    told = write(page, {"b": ("2", "20"), "a": ("1",)})
    assert "| --- | --- |\n| a | 1 |\n| b | 2 |\n| b | 20 |\n| a-2 | 3 |\n\n" in told
    assert "    run x -o y && run y -o b\n    run x -o y && run y -o a-2\n" in told
    assert told.startswith(f"above\n{BEGIN}\n") and told.endswith(f"None missed.\n{END}\nbelow\n")


def test_a_row_that_is_measured_anew_leaves_nothing_of_what_it_was(page: Path) -> None:
    write(page, {"a": ("1", "10"), "b": ("2",)}, missed=("a", "b"))
    told = write(page, {"a": ("5",)})
    assert "| a | 5 |\n| b | 2 |\n\n" in told and "10" not in told
    assert f"Missed:\n\n- b: too low\n{END}" in told
    assert f"None missed.\n{END}" in write(page, {"b": ("3",)})
    assert f"Missed:\n\n- a: too low\n{END}" in write(page, {"a": ("4",)}, missed=("a",))


def test_a_page_with_other_columns_is_left_as_it_is(page: Path) -> None:
    before = write(page, {"a": ("1",)})
    other = [table_part(("row", "another"), [("b", "2")])]
    with pytest.raises(InputError, match=r"the page has no '\| row \| another \|'"):
        write_rows(page, other, {"b"}, ORDER)
    assert page.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("page", "parts", "names"),
    [
        (training_page.PAGE, training_page.parts(()), tuple(TRAINED)),
        (translation_page.PAGE, translation_page.parts(()), tuple(TRANSLATORS)),
    ],
    ids=["training", "translation"],
)
def test_the_pages_can_take_more_rows(
    page: Path, parts: list[Part], names: tuple[str, ...], tmp_path: Path
) -> None:
    copy = tmp_path / "README.md"
    copy.write_bytes(page.read_bytes())
    write_rows(copy, parts, set(), names)
    assert copy.read_bytes() == page.read_bytes()
