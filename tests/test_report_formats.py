"""Names and numbers as the report writes them."""

from __future__ import annotations

import math

from edgebert.measures.formats import cosine, drift, metric_title, percent, points
from edgebert.report.formats import clipped, duration, figures
from edgebert.report.names import shortest_names


def test_names_are_the_shortest_ends_that_differ() -> None:
    paths = ["a/x/int8", "b/x/int8", "b/fp32", "fp32x", "hub/model"]
    shown = ["a/x/int8", "b/x/int8", "fp32", "fp32x", "model"]
    assert list(shortest_names(paths).values()) == shown


def test_numbers_keep_three_figures_and_no_more() -> None:
    shown = [figures(value) for value in (0, 0.01234, 0.1234, 1.234, 12.34, 123.4, 12345.6)]
    assert shown == ["0", "0.0123", "0.123", "1.23", "12.3", "123", "12,346"]


def test_small_distances_and_cosines_near_one_stay_readable() -> None:
    assert [drift(value) for value in (0, 3e-8, 0.00121, 0.2)] == ["0", "3.0e-8", "0.0012", "0.2"]
    assert [cosine(v) for v in (0.5, 0.99879, 0.99999997)] == ["0.5000", "0.9988", "0.99999997"]


def test_durations_and_long_texts_are_shortened() -> None:
    assert [duration(seconds) for seconds in (0.5, 59, 75)] == ["0.500 s", "59.0 s", "1 min 15 s"]
    assert clipped("a\n b " + "x" * 300, 10) == "a b xxxxx…"


def test_what_is_no_number_is_a_dash() -> None:
    assert {write(math.nan) for write in (figures, drift, cosine, percent, points, duration)} == {
        "–"
    }


def test_metrics_are_written_as_the_field_writes_them() -> None:
    names = ("accuracy", "macro_f1", "mcc", "ndcg_at_10", "exact_match")
    shown = ["Accuracy", "Macro F1", "MCC", "nDCG at 10", "Exact match"]
    assert list(map(metric_title, names)) == shown
