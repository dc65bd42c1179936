"""Measures of drift: each is one object, and gates, options, records and reports follow from it."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from record_samples import CHECK, FAILED, GATED

from edgebert.cli import main
from edgebert.errors import InputError
from edgebert.measures import BOUNDS, MEASURES, Thresholds, as_fields, compute, found_in
from edgebert.measures.compared import Compared
from edgebert.measures.measure import Bound
from edgebert.records.checked import CheckRecord, Cosine, Flips
from edgebert.records.codec import read_json, to_dict, write_json
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
    told = render_markdown([CHECK]) + render_junit(CHECK)
    assert "neighbours" in told
    for absent in ("changed labels", "logits", "entities", "similarity of pairs"):
        assert absent not in told
    assert "entities relabelled" in render_markdown([FAILED])


# the tail of the distances: a measure that is two lines beside its own file


ROOT = Path(__file__).parent.parent / "edgebert"


def test_a_measure_is_known_to_its_own_file_and_to_the_list_alone() -> None:
    """So two files are what a new one touches, with its bound, option, keys and rows."""
    spoken_of = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if {"max_drift_p99", "TAIL", '"tail"'} & set(re.findall(r'"?\w+"?', path.read_text()))
    }
    assert spoken_of == {"measures/__init__.py", "measures/tail.py"}


def test_the_tail_is_the_99th_percentile_and_the_largest() -> None:
    tail = compute(Compared(distances=DISTANCES))["tail"]
    assert (tail.p99, tail.max) == (np.percentile(DISTANCES, 99), 0.1)


@pytest.mark.parametrize(("bound", "kept"), [("1e-9", False), ("0.5", True)])
@pytest.mark.parametrize("where", ["option", "table"])
def test_the_tail_is_bounded_and_told(
    where: str, bound: str, kept: bool, tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    config, record = tmp_path / "gate.toml", tmp_path / "check.json"
    key = f"max-drift-p99 = {bound}" if where == "table" else ""
    config.write_text(f"[tool.edgebert.check]\n{key}\n")
    option = ["--max-drift-p99", bound] if where == "option" else []
    arguments = ["check", tiny_bundle, tiny_int8, "--config", config, "--json", record, *option]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == (0 if kept else 3), result.output
    check = read_json(CheckRecord, record, "check record")
    gate = check.gates[0]  # those after it hold that both are one model
    assert (gate.name, gate.value) == ("max_drift_p99", check.measures["tail"]["p99"])
    assert check.cosine is not None
    assert gate.value == pytest.approx(1 - check.cosine.p01)
    assert "distance, 99th percentile" in render_junit(check)
    if not kept:
        assert result.stderr.startswith("Error: drift p99 ")
        said = render_markdown([check])
        assert "The 99th percentile of the distance is" in said
        assert "max\\_drift\\_p99" in said


def test_a_terminal_shows_every_measure_that_embeddings_have(
    tiny_bundle: Path, tiny_int8: Path
) -> None:
    result = CliRunner().invoke(main, ["check", str(tiny_bundle), str(tiny_int8)])
    assert result.exit_code == 0, result.output
    rows = [line.split("  ")[0] for line in result.stdout.split("\n\n")[0].splitlines()]
    assert rows[3:] == [
        "texts",
        "mean distance",
        "distance p99 / most",
        "cosine mean / p01 / min",
        "same neighbours of 1 / 5 / 10",
        "similarity of pairs off by",
        "alone / in a batch",
        "alone / with padding",
        "reference made by",
        "candidate made by",
    ]


def test_a_record_from_before_the_tail_is_told_without_it(tmp_path: Path) -> None:
    old = to_dict(GATED)
    assert old.pop("measures") == {}
    (tmp_path / "old.json").write_text(json.dumps(old))
    record = read_json(CheckRecord, tmp_path / "old.json", "check record")
    assert record == GATED
    assert "99th percentile" not in render_markdown([record])


def test_a_measure_of_a_later_version_is_passed_over() -> None:
    later = replace(GATED, measures={"ripples": {"height": 0.1}})
    assert render_markdown([later]) == render_markdown([GATED])


def test_a_record_that_lacks_a_figure_is_told(tmp_path: Path) -> None:
    write_json(replace(GATED, measures={"tail": {"p99": 0.1}}), tmp_path / "check.json")
    arguments = ["report", str(tmp_path / "check.json"), "--markdown", "-"]
    result = CliRunner().invoke(main, arguments)
    said = "the check record of out/int8: measures.tail: it has no 'max'"
    assert (result.exit_code, result.stderr.strip()) == (1, f"Error: {said}")
