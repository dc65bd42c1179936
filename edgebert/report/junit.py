"""A drift check as JUnit XML, which CI systems show as tests: one for each bound."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from edgebert.measures.formats import points
from edgebert.measures.metrics import metrics_of
from edgebert.records.checked import CheckRecord, Gate
from edgebert.report.checks import measured
from edgebert.report.gates import further_causes, sentence
from edgebert.report.names import names_of

# What XML 1.0 cannot hold, not even escaped: control characters and halves of surrogate pairs.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(record: CheckRecord) -> str:
    """One test suite, a test case for each gate; one that passes where no bound was set.

    The figures stand in the suite's properties, causes below the sentence of each failure.
    """
    cases = [_gate_case(gate, record) for gate in record.gates] or _cases_without_gates(record)
    failed = sum(case.find("failure") is not None for case in cases)
    counts = {
        "name": f"edgebert check {record.reference} → {record.candidate}",
        "tests": str(len(cases)),
        "failures": str(failed),
        "errors": "0",
        "skipped": "0",
        "time": "0",
    }
    suite = _element("testsuite", timestamp=record.created.partition("+")[0], **counts)
    suite.append(_properties(record))
    suite.extend(cases)
    suites = _element("testsuites", **counts)
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _gate_case(gate: Gate, record: CheckRecord) -> ET.Element:
    return _case(gate.name, None if gate.passed else sentence(gate, record.causes), record)


def _cases_without_gates(record: CheckRecord) -> list[ET.Element]:
    """Records of version 0.1 list no gates, and yet may have failed."""
    failed = [_case(f"bound {i}", said, record) for i, said in enumerate(record.failures, start=1)]
    return failed or [_case("no bounds", None, record)]


def _case(name: str, failure: str | None, record: CheckRecord) -> ET.Element:
    case = _element("testcase", classname=f"edgebert.check.{record.task}", name=name, time="0")
    if failure is not None:
        told = _element("failure", message=failure, type=name)
        causes = (f"Likely cause: {c.name}: {c.detail}" for c in further_causes(record))
        told.text = _valid("\n".join((failure, *causes)))
        case.append(told)
    return case


def _properties(record: CheckRecord) -> ET.Element:
    given = {"reference": record.reference, "candidate": record.candidate, "data": record.data}
    for metric in metrics_of(record):
        given[f"{metric.name}, reference"] = points(metric.reference)
        given[f"{metric.name}, candidate"] = points(metric.candidate)
    figures = measured([record], names_of([record])).rows
    properties = ET.Element("properties")
    for name, value in [*given.items(), *((name, value) for name, value in figures)]:
        properties.append(_element("property", name=name, value=value))
    return properties


def _element(tag: str, **attributes: str) -> ET.Element:
    return ET.Element(tag, {name: _valid(value) for name, value in attributes.items()})


def _valid(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
