"""`render_junit`: a drift check as the XML that CI systems read."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from record_samples import CHECK, FAILED, GATED

from edgebert.records.checked import Cause, CheckRecord, Gate
from edgebert.report import render_junit


def suite_of(record: CheckRecord) -> ET.Element:
    root = ET.fromstring(render_junit(record).encode("utf-8"))
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    for element in (root, suite):
        assert element.get("tests") == str(len(suite.findall("testcase")))
        assert element.get("failures") == str(len(suite.findall("testcase/failure")))
        assert (element.get("errors"), element.get("skipped")) == ("0", "0")
    return suite


def test_every_gate_is_a_test_case() -> None:
    cases = suite_of(GATED).findall("testcase")
    failed = {case.get("name"): case.find("failure") is not None for case in cases}
    assert failed == {
        "max_drift": True,
        "min_neighbours": False,
        "max_metric_drop": True,
        "same tokenizer": False,
    }
    assert all(case.get("classname") == "edgebert.check.feature-extraction" for case in cases)


def test_a_failure_says_the_sentence_and_the_cause() -> None:
    failure = suite_of(GATED).find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "max_drift"
    assert (failure.get("message") or "").startswith(
        "The mean distance is 0.0031, above the bound of"
    )
    assert "Likely cause: body: layer.3.output.dense" in (failure.text or "")


def test_the_figures_are_properties_of_the_suite() -> None:
    found = suite_of(GATED).findall("properties/property")
    properties = {p.get("name"): p.get("value") for p in found}
    assert properties["mean distance"] == "0.0031"
    assert properties["candidate"] == "out/int8"
    assert properties["spearman, candidate"] == "81.58"


def test_without_bounds_one_test_passes() -> None:
    (case,) = suite_of(replace(CHECK, thresholds={})).findall("testcase")
    assert (case.get("name"), list(case)) == ("no bounds", [])


def test_an_old_record_that_failed_does_not_pass() -> None:
    (failure,) = suite_of(FAILED).findall("testcase/failure")
    assert failure.get("message") == "max_flips: 0.015 is above 0.005"


@pytest.mark.parametrize("foul", ["\x00\x1b[0m", "\ud83d", "]]>", "<a b='\">&amp;", "\ufffe 猫 😀"])
def test_any_text_makes_valid_xml(foul: str) -> None:
    record = replace(
        GATED,
        reference=foul,
        data=foul,
        task=foul,
        created=foul,
        causes=(Cause(foul, foul),),
        gates=(Gate(foul, 0.1, 0.2, False, foul),),
    )
    (failure,) = suite_of(record).findall("testcase/failure")
    assert foul.strip("\x00\x1b\ud83d\ufffe") in (failure.text or "")
