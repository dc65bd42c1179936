"""Calibration on one kind of text: the other kinds are not clipped for it, and the promise says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edgebert.bundle import open_bundle
from edgebert.cli import main
from edgebert.data.calibration_texts import CALIBRATION_TEXTS
from edgebert.drift.comparing import compare
from edgebert.quantize import QuantizeOptions
from edgebert.quantize.calibration import CalibrationTexts, choose_texts
from edgebert.quantize.forms.activation_samples import sample_activations
from edgebert.quantize.forms.activations import ActivationSample
from edgebert.quantize.forms.prepared_graph import prepare_graph
from edgebert.quantize.options import Budget
from edgebert.quantize.search.mixture_drift import DriftMeter, MixtureDrift, summed_up
from edgebert.quantize.search.mixture_search import _with_others
from edgebert.runtimes import load

pytestmark = pytest.mark.usefixtures("own_cache")

NARROW = [f"turn on lamp {number}" for number in range(60)]
WIDE = ["turn off the music", "what is the weather in paris", "anna is late", "play the song " * 9]


@pytest.fixture
def narrow(tmp_path: Path) -> Path:
    file = tmp_path / "lamps.txt"
    file.write_text("\n".join(NARROW) + "\n")
    return file


def chosen(bundle: Path, **options: object) -> CalibrationTexts:
    return choose_texts(QuantizeOptions(**options), load(bundle))  # type: ignore[arg-type]


def test_texts_that_ship_with_edgebert_stand_beside_those_of_a_file(
    tiny_bundle: Path, narrow: Path
) -> None:
    texts = chosen(tiny_bundle, calibration=narrow)
    others = texts.others
    assert others is not None
    assert {*texts.ranges, *texts.search, *texts.held_out.single_texts()} <= set(NARROW)
    drawn = [*others.ranges, *others.search, *others.held_out.single_texts()]
    assert set(drawn) <= set(CALIBRATION_TEXTS)
    assert len(drawn) == len(set(drawn)) > 300
    assert texts.fingerprint.startswith("lamps.txt: 48 texts, sha256 ")
    assert "; built-in texts: 259 texts, sha256 " in texts.fingerprint


def test_few_samples_of_a_file_leave_the_others_as_many(tiny_bundle: Path, narrow: Path) -> None:
    few, many = (chosen(tiny_bundle, calibration=narrow, samples=n) for n in (32, 384))
    assert few.ranges != many.ranges
    assert few.others is not None
    assert few.others == many.others


@pytest.mark.parametrize(
    "options", [{}, {"data": True}, {"scheme": "dynamic", "calibration": True}]
)
def test_nothing_stands_beside_texts_of_every_kind_or_where_no_range_is_taken(
    options: dict[str, object], tiny_bundle: Path, narrow: Path
) -> None:
    files = {name: narrow for name, value in options.items() if value is True}
    assert chosen(tiny_bundle, **{**options, **files}).others is None


def sampled(
    bundle: Path, scratch: Path, texts: Iterable[str], others: Iterable[str] | None = None
) -> dict[str, ActivationSample]:
    graph, model = prepare_graph(bundle / "model.onnx"), load(bundle)
    values = [value for group in graph.groups for value in group.values]
    return sample_activations(graph.model, values, texts, model, scratch, seed=0, others=others)


def test_ranges_cover_both_kinds_and_each_has_its_part_of_the_rows(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamps, strange = sampled(tiny_bundle, tmp_path, NARROW), sampled(tiny_bundle, tmp_path, WIDE)
    monkeypatch.setattr("edgebert.quantize.forms.activation_samples._ROWS", 64)
    both = sampled(tiny_bundle, tmp_path, NARROW, WIDE)
    for value, sample in both.items():
        one, other = lamps[value], strange[value]
        assert (sample.lowest == np.minimum(one.lowest, other.lowest)).all()
        assert (sample.highest == np.maximum(one.highest, other.highest)).all()
        assert sample.tokens == one.tokens + other.tokens
        assert len(sample.rows) == 64 + len(other.rows[:32])
        for part in (sample.rows[:48], sample.rows[48:]):  # any part shows both
            for kind in (one, other):
                alone = {row.tobytes() for row in kind.rows}
                assert sum(row.tobytes() not in alone for row in part) >= 5


NEAR = MixtureDrift(0.001, 0.004, None, others_mean=0.001, others_p99=0.004)


def test_a_candidate_has_to_be_near_on_both_kinds() -> None:
    budget = _with_others(Budget(0.0015, 0.007, None), NEAR)
    assert (budget.others_mean, budget.others_p99) == (0.0015, 0.007)
    assert NEAR.within(budget)
    assert not replace(NEAR, others_p99=0.008).within(budget)
    assert not replace(NEAR, others_mean=0.002).within(budget)
    assert not replace(NEAR, mean=0.002).within(budget)
    assert replace(NEAR, others_mean=0.003).overall == pytest.approx((0.0025 + 0.0035) / 2)


def test_a_layer_that_spoils_one_text_in_a_hundred_is_no_safer_than_one_that_moves_all() -> None:
    spoils, moves = np.full(200, 0.001), np.full(200, 0.002)
    spoils[::67] = 0.05
    assert spoils.mean() < moves.mean()
    assert summed_up(spoils, None, 200).overall > summed_up(moves, None, 200).overall


def test_texts_of_other_kinds_turn_no_layer_into_floats() -> None:
    careful = MixtureDrift(0.0005, 0.002, None, others_mean=0.03, others_p99=0.2)
    budget = _with_others(Budget(0.0015, 0.007, None), careful)
    assert careful.within(budget, 0.85)
    assert not replace(careful, others_mean=0.04).within(budget)


@pytest.mark.parametrize("budget", [Budget(None, None, 0.005), Budget(0.02, None, None)])
def test_what_has_no_bound_has_none_on_other_kinds(budget: Budget) -> None:
    given = _with_others(budget, NEAR)
    assert (given.others_mean, given.others_p99) == (budget.mean, None)
    alone = MixtureDrift(0.001, 0.004, None)
    assert _with_others(budget, alone) == budget


def test_a_drift_meter_tells_the_kinds_apart(tiny_bundle: Path, tiny_int8: Path) -> None:
    graph, model = open_bundle(tiny_int8).model_path, load(tiny_bundle)
    lamps, strange = (
        DriftMeter(model, texts).measure(graph, widen=False) for texts in (NARROW, WIDE)
    )
    both = DriftMeter(model, NARROW, WIDE).measure(graph, widen=False)
    assert (both.mean, both.p99) == pytest.approx((lamps.mean, lamps.p99))
    assert (both.others_mean, both.others_p99) == pytest.approx((strange.mean, strange.p99))


def test_a_promise_covers_the_other_kinds_and_says_what_they_were(
    tiny_bundle: Path, narrow: Path, tmp_path: Path
) -> None:
    output = tmp_path / "int8"
    arguments = [str(tiny_bundle), "-o", str(output), "--calibration", str(narrow)]
    said = CliRunner().invoke(main, ["quantize", *arguments, "--scheme", "static"])
    assert said.exit_code == 0, said.output
    drift = open_bundle(output).manifest.drift
    assert drift is not None
    (others,) = drift.others
    assert (drift.texts, drift.n) == ("lamps.txt", 12)
    assert (others.texts, others.n) == ("built-in texts", 64)
    assert drift.promises["max_drift"] >= 2 * max(drift.mean, others.mean)
    held_out = chosen(tiny_bundle, calibration=narrow).others
    assert held_out is not None
    measured = compare(load(tiny_bundle), load(output, kernels="off"), held_out.held_out)
    assert others.mean == pytest.approx(measured.distance_mean)
    assert "drift on 12 texts (lamps.txt): mean" in said.output
    assert "drift on 64 texts (built-in texts): mean" in said.output
    assert "on texts of other kinds" in (output / "README.md").read_text()
