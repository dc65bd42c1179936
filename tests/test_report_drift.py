"""What a page says of drift checks and of quantization: bounds, causes, charts, slices."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from record_samples import CHECK, FAILED, GATED, QUANTIZE, SEARCHED, words

from edgebert.records.checked import Cause, Gate, Histogram
from edgebert.records.made import ParetoPoint
from edgebert.records.manifest import LayerDecision
from edgebert.report import write_page
from edgebert.report.gates import failed_bounds

Page = Callable[..., str]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return lambda *records: write_page(records, tmp_path / "page.html", force=True).read_text(
        "utf-8"
    )


def bars_of(text: str, title: str) -> int:
    """How many bars the chart under `title` has."""
    figure = text[text.index(title) :]
    return figure[: figure.index("</figure>")].count('style="fill: var(--series-')


def test_a_failed_bound_is_told_with_value_bound_and_who_set_it() -> None:
    drift, drop = failed_bounds(GATED)
    assert drift.startswith("The mean distance is 0.0031, above the bound of 0.0015 (max_drift, ")
    assert drift.endswith("promised by the bundle's manifest)")
    assert drop.startswith("The drop of the metric, in points, is 0.45, above the bound of 0.4 (")
    assert drop.endswith("max_metric_drop, set in pyproject.toml)")


def test_a_value_just_beyond_its_bound_is_told_apart_from_it() -> None:
    gates = (Gate("min_cosine", 0.98, 0.97999999, False, "option"),)
    (told,) = failed_bounds(replace(GATED, gates=gates))
    assert "is 0.97999999, below the bound of 0.98 (" in told


def test_a_part_that_is_another_models_is_told_with_its_cause_and_once(page: Page) -> None:
    gates = (Gate("same tokenizer", 0.0, 1.0, False, "same model"),)
    causes = (Cause("tokenizer", "lower-casing is off"),)
    shown = words(page(replace(GATED, gates=gates, causes=causes)))
    assert "The tokenizer is not the reference's: lower-casing is off" in shown
    assert shown.count("lower-casing is off") == 1
    assert "✗ same tokenizer the same another held between two forms of one model" in shown


def test_a_record_without_gates_tells_its_own_failures() -> None:
    assert failed_bounds(FAILED) == FAILED.failures


def test_the_verdict_counts_bounds_and_names_the_likely_cause(page: Page) -> None:
    shown = words(page(GATED))
    assert "✗ 2 of 4 gates failed" in shown
    cause = "Likely cause: body: layer.3.output.dense is 1.20 times"
    assert shown.index(cause) < shown.index("Drift")


def test_a_check_that_passed_tells_no_cause(page: Page) -> None:
    gates = tuple(replace(gate, passed=True) for gate in GATED.gates)
    assert "Likely cause" not in page(replace(GATED, passed=True, gates=gates, failures=()))


def test_a_check_without_bounds_is_not_called_passed(page: Page) -> None:
    shown = words(page(replace(CHECK, thresholds={})))
    assert "Measured, not gated – check fp32 → int8: no bounds were set" in shown
    assert "passed" not in shown


def test_bounds_stand_in_a_table(page: Page) -> None:
    shown = words(page(GATED))
    assert "✗ max_drift 0.0015 0.0031 promised by the bundle's manifest" in shown
    assert "✓ min_neighbours 0.9 0.943 given as an option" in shown


def test_everything_a_check_measured_is_shown(page: Page) -> None:
    shown = words(page(GATED))
    for row in (
        "Spearman 82.03 81.58 +0.45 +0.20 to +0.71",
        "nDCG at 10 41.50 41.10 +0.40 –",
        "neighbours kept, of 1 97.00 %",
        "similarity of pairs, largest change 0.03",
        "McNemar's exact p 1",
        "divergence (KL), mean 0.0004 nats",
        "alone or with padding, lowest cosine 1.00000000",
        "layer.3.output.dense 1.2000 1.30 %",
    ):
        assert row in shown


def test_slices_are_compared_with_all_texts(page: Page) -> None:
    shown = words(page(GATED))
    assert "length 1 to 8 tokens 812 0.0009 0.3× 81.90 +0.10 –" in shown
    assert "script Han 58 0.0062 2.0× – – –" in shown


def test_the_histogram_has_a_bar_for_each_bin_and_sets_zero_apart(page: Page) -> None:
    text = page(GATED)
    assert bars_of(text, "Texts by distance") == 4  # one of five bins is empty
    assert "&lt;1e-8" in text
    assert "Histogram of 1,379 texts; most, 65.26 %, moved by 0.001 to 0.01" in text


@pytest.mark.parametrize(
    "histogram",
    [
        Histogram((0.0, 1e-8), (5,)),
        Histogram((1e-4, 2e-4), (5,)),
        Histogram((1.5, 2.0), (5,)),
    ],
    ids=["nothing moved", "one bin", "all far off"],
)
def test_a_histogram_of_one_bin_is_drawn(page: Page, histogram: Histogram) -> None:
    text = page(replace(GATED, histogram=histogram))
    assert bars_of(text, "Texts by distance") == 1


@pytest.mark.parametrize(
    "histogram",
    [
        Histogram((), ()),
        Histogram((0.0, 1.0), (0,)),
        Histogram((0.0, 1.0), (1, 2)),
        Histogram((0.0, math.nan), (1,)),
    ],
)
def test_a_histogram_without_texts_or_edges_is_left_out(page: Page, histogram: Histogram) -> None:
    assert "Texts by distance" not in page(replace(GATED, histogram=histogram))


def test_checks_of_the_same_sides_are_told_apart_by_their_texts(page: Page) -> None:
    shown = words(page(CHECK, replace(CHECK, data="other.tsv")))
    assert "fp32 → int8 (test.tsv)" in shown
    assert "fp32 → int8 (other.tsv)" in shown


def test_schemes_are_drawn_by_drift_and_latency_and_the_chosen_one_is_marked(page: Page) -> None:
    text = page(SEARCHED)
    chart = text[text.index("int8: drift against latency") :]
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", chart[: chart.index("</figure>")])
    assert {"token, chosen", "static"} <= set(drawn)
    assert "weight-only" not in drawn  # it was not timed
    assert "weight-only 0.004 –" in words(text)


def test_a_single_scheme_makes_no_chart(page: Page) -> None:
    lone = (ParetoPoint(0.001, 5.0, "dynamic", True),)
    assert "drift against latency" not in page(replace(QUANTIZE, pareto=lone))


def test_layers_are_ranked_by_sensitivity(page: Page) -> None:
    shown = words(page(SEARCHED))
    assert shown.index("1 output.dense") < shown.index("0 attention.query")
    assert "encoder.layer.1.output.dense 0.0009 float" in shown


@pytest.mark.parametrize("name", ["层.注意力", "x" * 90, "<b>&amp;", "", "a\x00b"])
def test_any_name_of_a_layer_can_be_drawn(page: Page, name: str) -> None:
    layers: tuple[Any, ...] = (LayerDecision(name, "int8", 0.1),)
    assert "sensitivity of its layers" in page(replace(SEARCHED, layers=layers))
