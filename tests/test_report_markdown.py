"""`render_markdown`: records as a comment under a pull request."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from record_samples import ALL, BENCH, CHECK, DIFF, DOCTOR, GATED

from edgebert.errors import InputError
from edgebert.records.checked import Cause, Slice, Worst
from edgebert.report import render_markdown, write_markdown
from edgebert.report.comment import escaped

ROOT = Path(__file__).parent.parent


def test_the_verdict_comes_first_then_what_failed_and_why() -> None:
    lines = render_markdown([GATED]).splitlines()
    assert lines[0] == "### ✗ 2 of 4 gates failed"
    assert lines[2] == "- ✗ check fp32 → int8"
    assert lines[3].startswith("  - The mean distance is 0.0031, above the bound of 0.0015")
    assert lines[5].startswith("  - **Likely cause:** body: layer.3.output.dense")


def test_the_figures_that_matter_stand_in_a_table() -> None:
    text = render_markdown([CHECK, BENCH])
    assert "| Size of int8 | 23.0 MB | 4.0× smaller than fp32 (91.0 MB) |" in text
    assert "| Spearman | 81.88 | from 82.03, drop +0.15" in text


def test_all_else_is_folded() -> None:
    text = render_markdown(ALL)
    seen = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert len(seen.splitlines()) < 40
    titles = re.findall(r"<summary>(.*?)</summary>", text)
    assert titles[:3] == ["Before and after", "Bounds and figures", "Latency"]
    assert titles[-1] == "Environment"


def test_every_row_of_a_table_has_as_many_cells_as_its_header() -> None:
    odd = replace(GATED, reference="a|b", worst=(Worst("x | y \\| z\n| a", 0.1),))
    lines = render_markdown([odd, *ALL]).splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", above)) == len(re.findall(r"(?<!\\)\|", line))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("one\ntwo\r\n\tthree", "one two three"),
        ("`code` *bold* _it_ ~no~", r"\`code\` \*bold\* \_it\_ \~no\~"),
        ("<img src=x> & <!-- -->", "&lt;img src=x&gt; &amp; &lt;!-- --&gt;"),
        ("ask @octocat", "ask @&#8203;octocat"),
        ("fixes #12", r"fixes \#&#8203;12"),
        ("[a](b) ![c]", r"\[a\](b) !\[c\]"),
        ("http://a.b www.c.d", "http:&#8203;//a.b www&#8203;.c.d"),
        (":tada: at 10:30", ":&#8203;tada: at 10:30"),
        ("$x$", "&#36;x&#36;"),
        ("- item", "&#8203;- item"),
        ("1. item", "&#8203;1. item"),
        ("-0.02", "-0.02"),
        ("half \ud83d \x00", "half \ufffd \ufffd"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_a_text_is_shown_as_it_is(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_texts_of_a_record_mention_nobody_and_open_no_tag() -> None:
    foul = "<b>@octocat</b> | `x` #1"
    record = replace(
        GATED,
        candidate=foul,
        worst=(Worst(foul, 0.1),),
        causes=(Cause("body", foul),),
        slices=(Slice("label", foul, 3, 0.1),),
    )
    text = render_markdown([record])
    assert "@octocat" not in text
    assert "<b>" not in text


def test_a_comment_stays_below_what_github_takes() -> None:
    long = tuple(Worst(f"{n} " + "|" * 400, 0.1) for n in range(20))
    checks = [replace(GATED, candidate=f"int8-{n}", worst=long) for n in range(12)]
    text = render_markdown([*checks, *ALL])
    assert len(text) < 65_536
    assert text.count("<details>") == text.count("</details>")


def test_notes_of_a_difference_are_told() -> None:
    assert "> The machine was noisy before the change." in render_markdown([DIFF])


def test_a_doctor_alone_makes_a_comment() -> None:
    assert render_markdown([DOCTOR]).startswith("### ✗ 1 of 1 gate failed")


def test_no_records_make_no_comment() -> None:
    with pytest.raises(InputError, match="at least one record"):
        render_markdown([])


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    output = tmp_path / "comment.md"
    output.write_text("old")
    assert write_markdown([CHECK], output) == output
    assert output.read_text("utf-8") == render_markdown([CHECK])
    assert list(tmp_path.iterdir()) == [output]


def test_neither_markdown_nor_junit_nor_a_difference_needs_the_packages_of_the_page() -> None:
    code = (
        "import sys; sys.modules['jinja2'] = sys.modules['matplotlib'] = None\n"
        "import sys; sys.modules['markupsafe'] = None\n"
        "from edgebert.report import diff_records, render_junit, render_markdown"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
