"""Measures of drift: each is one object, and gates, options, records and reports follow from it."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from record_samples import CHECK, FAILED

from edgebert.cli import main
from edgebert.cli.check_table import show_check
from edgebert.errors import InputError
from edgebert.measures import BOUNDS, MEASURES, Thresholds, as_fields, compute, found_in
from edgebert.measures.compared import Compared
from edgebert.measures.measure import Bound
from edgebert.records.checked import CheckRecord, Cosine, Flips
from edgebert.records.codec import read_json, write_json
from edgebert.report import render_junit, render_markdown

DISTANCES = np.linspace(0.0, 0.1, 50)


def test_every_measure_has_a_key_of_its_own() -> None:
    keys = [measure.key for measure in MEASURES]
    assert len(set(keys)) == len(keys)
    own = {field.name for field in fields(CheckRecord)}
    for measure in MEASURES:
        assert (measure.key in own) == (measure.part is None), measure.key


def test_what_may_be_bounded_of_a_measure_is_a_threshold_and_an_option_of_check() -> None:
    bounded = {measure.bound.name for measure in MEASURES if measure.bound}
    assert bounded == {field.name for field in fields(Thresholds)} == set(BOUNDS)
    command = main.commands["check"]
    options = {option.name: option for option in command.get_params(click.Context(command))}
    for name, bound in BOUNDS.items():
        assert options[name].opts == [bound.option]
        assert name.startswith(("min_", "max_")), name


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=lambda bound: bound.name)
def test_a_bound_beyond_its_range_is_refused_wherever_it_comes_from(
    bound: Bound[Any],
) -> None:
    with pytest.raises(InputError, match="makes no sense"):
        Thresholds(**{bound.name: bound.most + 1})
    result = CliRunner().invoke(main, ["check", "a", "b", bound.option, str(bound.most + 1)])
    assert (result.exit_code, "is not in the range" in result.stderr) == (2, True)


def test_answers_are_measured_by_what_they_hold() -> None:
    """Plain arrays suffice: no model, no file."""
    compared = Compared(distances=DISTANCES)
    plain = set(compute(compared))
    assert {"distance_mean", "metrics"} <= plain
    random = np.random.default_rng(0)
    before = random.normal(size=(50, 8)).astype(np.float32)
    vectors = replace(compared, vectors=(before, before))
    assert set(compute(vectors)) - plain == {"cosine", "neighbours", "pair_similarity"}
    rows = [row[:3] for row in before]
    changed = np.ones((50, 2), np.int64)
    labels = compute(replace(compared, logits=(rows, rows), changed=changed))
    assert set(labels) - plain == {"labels", "logits"}
    assert labels["labels"].rate == 1.0


def test_what_measures_find_is_read_from_the_record_again(tmp_path: Path) -> None:
    parts = compute(Compared(distances=DISTANCES)) | {
        "cosine": Cosine(0.9, 0.8, 0.7),
        "labels": Flips(1, 2, 0.5, (0.1, 0.9)),
    }
    record = replace(CHECK, metric=None, **as_fields(parts))
    write_json(record, tmp_path / "check.json")
    found = {
        measure.key: part
        for measure, part in found_in(read_json(CheckRecord, tmp_path / "check.json", "check"))
    }
    assert found == parts


def test_what_no_measure_found_is_told_nowhere() -> None:
    told = show_check(CHECK) + render_markdown([CHECK]) + render_junit(CHECK)
    assert "neighbours" in told
    for absent in ("changed labels", "logits", "entities", "similarity of pairs"):
        assert absent not in told
    assert "entities relabelled" in render_markdown([FAILED])
